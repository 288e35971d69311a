package stillframe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// How many tasks may wait for their reports; the next one waits for a place.
const queueSize = 1_000

// What a batch may hold beyond the largest value: key and headers.
const headroomBytes = 64 * 1024

var (
	// ErrRefused is Kafka's no: the task is not in the log.
	ErrRefused = errors.New("the task was not accepted")
	// ErrUnknown is no report in time: the task may still arrive.
	ErrUnknown = errors.New("it is not known whether the task was accepted")
)

// Producer submits tasks to one topic.
type Producer struct {
	client  *kgo.Client
	source  string
	timeout time.Duration
}

// NewProducer connects at the first task, not here.
//
// The timeout bounds each submission.
func NewProducer(servers []string, topic, source string, timeout time.Duration) (*Producer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(servers...),
		kgo.ClientID(source),
		kgo.DefaultProduceTopic(topic),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), // nil is the hash of Java's clients (P2)
		kgo.RequiredAcks(kgo.AllISRAcks()),                   // D1; the client is idempotent by default (D2)
		kgo.ProducerLinger(0),                                // a request that waits must not wait for company
		kgo.MaxBufferedRecords(queueSize),
		kgo.ProducerBatchMaxBytes(MaxTaskBytes+headroomBytes),
	)
	if err != nil {
		return nil, fmt.Errorf("no Kafka client: %w", err)
	}
	return &Producer{client, source, timeout}, nil
}

// Submit returns nil once all in-sync replicas have the task, else ErrTooLarge, ErrRefused or ErrUnknown.
//
// It does not end with the request: a client that has gone away does not make the task half submitted.
func (p *Producer) Submit(task Task, key []byte) error {
	record, err := Encode(task, key, p.source)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	reported := make(chan error, 1)
	p.client.Produce(ctx, record, func(_ *kgo.Record, err error) { reported <- err })
	select {
	case err := <-reported:
		return explained(err)
	case <-ctx.Done(): // what is on its way to the broker cannot be called back, and has no report yet
		return fmt.Errorf("%w: no report within %s", ErrUnknown, p.timeout)
	}
}

// Close waits for the reports that are due, and ends the client.
func (p *Producer) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), p.timeout)
	defer cancel()
	defer p.client.Close()
	return p.client.Flush(ctx)
}

func explained(err error) error {
	var refusal *kerr.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal) && !refusal.Retriable:
		return fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
}
