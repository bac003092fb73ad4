package dev.fovea.hub;

import java.net.URI;
import java.net.http.HttpHeaders;

/**
 * What a server says to one request.
 *
 * @param uri that was asked, behind all redirects that were followed
 * @param body what was made of it
 */
record Answer<T>(URI uri, int status, HttpHeaders headers, T body) {}
