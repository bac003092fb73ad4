/**
 * Machine code for x86-64 that Java writes: what the Vector API has no operation for. {@link dev.fovea.ffi.x86.Assembler} makes
 * the bytes, {@link dev.fovea.ffi.x86.MachineCode} a function of them.
 */
@NullMarked
package dev.fovea.ffi.x86;

import org.jspecify.annotations.NullMarked;
