package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;

/** Products with codes by the kernels that a GPU runs, interpreted. */
class CodesLinearTest extends CodesContract {
    CodesLinearTest() {
        super(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    }
}
