package stillframe;

import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import io.confluent.parallelconsumer.PollContext;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Confluent's Parallel Consumer, told what every other side is told; it validates nothing. */
public final class Side {
    private static final byte[] FIRST = "customer-0000000".getBytes();

    private Side() {
    }

    public static void main(String[] arguments) {
        Plan plan = Plan.parse(arguments[0]);
        Meter meter = new Meter(plan);
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .consumer(new KafkaConsumer<>(properties(plan), new ByteArrayDeserializer(), new ByteArrayDeserializer()))
                .ordering(ProcessingOrder.valueOf(plan.text("ordering").toUpperCase()))
                .maxConcurrency(plan.whole("threads"))
                .commitMode(CommitMode.PERIODIC_CONSUMER_SYNC)
                .commitInterval(Duration.ofSeconds(1))
                .retryDelayProvider(ignored -> Duration.ofMillis(50))
                .build();
        ParallelStreamProcessor<byte[], byte[]> processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(plan.text("topic")));
        Work work = new Work(plan);
        processor.poll(context -> {
            work.run();
            if (work.fails(number(context)) && failures(context) == 0) {
                throw new IllegalStateException("at the first attempt");
            }
            meter.one();
            if (Arrays.equals(context.key(), FIRST)) {
                meter.hot();
            }
        });
        meter.measure();
    }

    private static Map<String, Object> properties(Plan plan) {
        return Map.of(
                "bootstrap.servers", plan.text("bootstrap"),
                "group.id", plan.text("group"),
                "auto.offset.reset", "earliest",
                "enable.auto.commit", "false");
    }

    private static int failures(PollContext<byte[], byte[]> context) {
        return context.getSingleRecord().getNumberOfFailedAttempts();
    }

    /** The submitter's number, without a parser: the first number in the payload. */
    private static int number(PollContext<byte[], byte[]> context) {
        String value = new String(context.value());
        int begin = value.indexOf("\"number\":") + "\"number\":".length();
        return Integer.parseInt(value.substring(begin, value.indexOf(',', begin)));
    }
}
