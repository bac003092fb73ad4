package dev.fovea.backend.cuda.ptx;

import dev.fovea.backend.cuda.device.Device;

/** What the blocks of a launch have in common. */
record PtxLaunch(
        PtxKernel kernel,
        PtxMemory memory,
        Device.Grid grid,
        int threads,
        int sharedBytes,
        PtxMemory.Segment parameters) {}
