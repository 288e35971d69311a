package stillframe;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.LockSupport;

/** What a handler does, as bench/work.py has it. */
final class Work {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private final String kind;
    private final long nanoseconds;
    private final int failing;

    Work(Plan plan) {
        kind = plan.text("work");
        nanoseconds = (long) (plan.number("milliseconds") * 1e6);
        failing = plan.whole("failing");
    }

    void run() {
        if (kind.equals("sleep")) {
            long until = System.nanoTime() + nanoseconds;
            for (long left = nanoseconds; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        } else if (kind.equals("busy")) {
            long until = THREADS.getCurrentThreadCpuTime() + nanoseconds;
            while (THREADS.getCurrentThreadCpuTime() < until) {
                Thread.onSpinWait();
            }
        }
    }

    boolean fails(int number) {
        return failing > 0 && number % failing == 0;
    }
}
