package stillframe;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/** The same window as bench/meter.py measures. */
final class Meter {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private final LongAdder handled = new LongAdder();
    private final LongAdder hottest = new LongAdder();
    private final Plan plan;

    private record Look(double at, long handled, long hottest, double processor) {
    }

    Meter(Plan plan) {
        this.plan = plan;
    }

    void one() {
        handled.increment();
    }

    void hot() {
        hottest.increment();
    }

    /** Wait for the window's end, print the figures, and end the process. */
    void measure() {
        double warmUp = plan.number("warm_up");
        double seconds = plan.number("seconds");
        long records = plan.whole("records");
        Look first = once(look -> look.handled > 0);
        Look begin = once(look -> look.at >= first.at + warmUp || look.handled >= records / 5);
        Look end = once(look -> look.at >= begin.at + seconds || look.handled >= records);
        double share = plan.number("hottest");
        long count = end.handled - begin.handled;
        double lasting = share > 0 ? (end.hottest - begin.hottest) / share : count;
        System.out.printf(
                Locale.ROOT,
                "{\"rate\": %f, \"cpu\": %f, \"rss\": %f}%n",
                lasting / (end.at - begin.at),
                (end.processor - begin.processor) / Math.max(count, 1) * 1e6,
                resident());
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private Look once(Predicate<Look> condition) {
        while (true) {
            double processor = SYSTEM.getProcessCpuTime() / 1e9;
            Look look = new Look(System.nanoTime() / 1e9, handled.sum(), hottest.sum(), processor);
            if (condition.test(look)) {
                return look;
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        }
    }

    /** The largest resident set so far, in megabytes; 0 where there is no /proc. */
    private static double resident() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024 / 1e6)
                    .findFirst()
                    .orElse(0);
        } catch (IOException absent) {
            return 0;
        }
    }
}
