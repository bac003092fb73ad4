package dev.fovea.backend.cuda;

import dev.fovea.backend.cuda.device.Arguments;
import dev.fovea.backend.cuda.device.Device;
import dev.fovea.backend.cuda.device.Kernel;
import java.util.Map;
import java.util.TreeMap;

/** Counts what reaches a device. */
final class CountingDevice extends ForwardingDevice {
    /** Launches by kernel since they were last cleared. */
    final Map<String, Integer> kernels = new TreeMap<>();

    int launches;
    int captures;
    int replays;

    CountingDevice(Device device) {
        super(device);
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Arguments arguments) {
        launches++;
        kernels.merge(kernel.entry(), 1, Integer::sum);
        super.launch(kernel, grid, arguments);
    }

    @Override
    public Graph capture(Runnable calls) {
        captures++;
        Graph graph = super.capture(calls);
        return new Graph() {
            @Override
            public void replay() {
                replays++;
                graph.replay();
            }

            @Override
            public void close() {
                graph.close();
            }
        };
    }
}
