package dev.fovea.backend.cuda.device;

/** A call into a library whose functions answer with a status. */
@FunctionalInterface
interface Call {
    /** 0 where all went well. */
    int status() throws Throwable;

    /** Makes the call. What a method handle may throw beside unchecked exceptions never occurs. */
    static int of(Call call) {
        try {
            return call.status();
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
