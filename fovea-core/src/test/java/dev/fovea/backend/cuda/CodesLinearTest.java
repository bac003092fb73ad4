package dev.fovea.backend.cuda;

/** Products with codes by the kernels that a GPU runs, interpreted. */
class CodesLinearTest extends CodesContract {
    CodesLinearTest() {
        super(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30));
    }
}
