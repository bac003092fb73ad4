/** How the network is reached. */
@NullMarked
package dev.fovea.net;

import org.jspecify.annotations.NullMarked;
