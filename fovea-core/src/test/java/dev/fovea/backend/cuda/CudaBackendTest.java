package dev.fovea.backend.cuda;

import dev.fovea.backend.BackendContract;
import dev.fovea.backend.cuda.device.KernelArchive;
import dev.fovea.backend.cuda.ptx.PtxDevice;

/** The contract with the kernels that a GPU runs, interpreted. */
class CudaBackendTest extends BackendContract {
    CudaBackendTest() {
        super(new CudaBackend(new PtxDevice(KernelArchive.bundled()::ptx, 1L << 30)));
    }
}
