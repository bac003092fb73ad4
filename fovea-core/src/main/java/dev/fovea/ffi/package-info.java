/**
 * Native libraries through java.lang.foreign: {@link dev.fovea.ffi.NativeLibrary} finds them in the system or in a jar, and
 * says why one is not there.
 */
@NullMarked
package dev.fovea.ffi;

import org.jspecify.annotations.NullMarked;
