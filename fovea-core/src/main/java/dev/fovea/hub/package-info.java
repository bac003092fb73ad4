/**
 * Models by name: {@link dev.fovea.hub.Puller} fetches what a model needs from a {@link dev.fovea.hub.Site} into a {@link
 * dev.fovea.hub.Store}, which is the folder where the site's own tool looks. {@link dev.fovea.hub.Transfer} moves the bytes, {@link
 * dev.fovea.hub.PartialFile} keeps what has come so far.
 */
@NullMarked
package dev.fovea.hub;

import org.jspecify.annotations.NullMarked;
