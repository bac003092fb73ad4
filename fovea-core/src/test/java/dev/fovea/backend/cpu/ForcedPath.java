package dev.fovea.backend.cpu;

import java.io.PrintWriter;
import java.util.Arrays;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** Says what kind of machine the JVM's properties make of this one, and runs tests there: classes, or Class#method. */
public final class ForcedPath {
    static final String PASSED = "all tests passed";

    private ForcedPath() {}

    public static void main(String[] tests) {
        try (CpuBackend backend = CpuBackend.create(CpuBackend.Options.defaults())) {
            System.out.println(backend.kind());
            backend.choices().forEach(System.out::println);
        }
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(Arrays.stream(tests).map(ForcedPath::selector).toList())
                .build();
        SummaryGeneratingListener listener = new SummaryGeneratingListener();
        LauncherFactory.create().execute(request, listener);
        TestExecutionSummary summary = listener.getSummary();
        System.out.println(summary.getTestsSucceededCount() + " of " + summary.getTestsFoundCount()
                + " tests passed in " + (summary.getTimeFinished() - summary.getTimeStarted()) + " ms");
        summary.printFailuresTo(new PrintWriter(System.out, true), 12);
        if (summary.getTotalFailureCount() == 0 && summary.getTestsSucceededCount() > 0) {
            System.out.println(PASSED);
        }
    }

    private static DiscoverySelector selector(String test) {
        return test.contains("#") ? DiscoverySelectors.selectMethod(test) : DiscoverySelectors.selectClass(test);
    }
}
