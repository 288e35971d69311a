// Package stillframe writes tasks for Stillframe's workers, by docs/wire-format.md. Its rules are named P1 to D3 here.
package stillframe

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/twmb/franz-go/pkg/kgo"
)

// MaxTaskBytes is the largest value that a worker parses, unless it is told otherwise (V2).
const MaxTaskBytes = 1_048_576

// ErrTooLarge is what a task is refused with that no worker would parse: answer 413.
var ErrTooLarge = errors.New("the task is too large")

// Task is one submission. Its fields are those of the value, in the same order.
type Task struct {
	Schema    int       `json:"schema"`
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt Moment    `json:"created_at"`
	NotBefore *Moment   `json:"not_before"`
	ExpiresAt *Moment   `json:"expires_at"`
	Payload   any       `json:"payload"`
	Snapshot  *Snapshot `json:"snapshot"`
}

// Snapshot is the frozen copy of one request. Gin uses a context again for the next request: nothing here points into it.
type Snapshot struct {
	Method     string            `json:"method"`
	Path       string            `json:"path"`
	ReceivedAt Moment            `json:"received_at"`
	Route      *string           `json:"route"`
	PathParams map[string]string `json:"path_params,omitempty"`
	Query      []Pair            `json:"query,omitempty"`
	Headers    []Pair            `json:"headers,omitempty"`
	Client     *string           `json:"client"`
	Principal  *string           `json:"principal"`
	Context    map[string]any    `json:"context,omitempty"`
	Body       []byte            `json:"body"`
}

// Pair is a name and its value (S2).
type Pair [2]string

// Moment is a time on the wire: in UTC, with microseconds where there are any (V9).
type Moment struct{ time.Time }

// NewTask is a task of now, with an id whose version tells that time (V7).
func NewTask(taskType string, payload any, snapshot *Snapshot) (Task, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Task{}, fmt.Errorf("no task id: %w", err)
	}
	return Task{
		Schema:    1,
		ID:        id.String(),
		Type:      taskType,
		CreatedAt: Moment{time.Now()},
		Payload:   payload,
		Snapshot:  snapshot,
	}, nil
}

// Encode puts a task on the wire. A nil key is none: the task is unordered (K2).
func Encode(task Task, key []byte, source string) (*kgo.Record, error) {
	value, err := json.Marshal(task)
	if err != nil {
		return nil, fmt.Errorf("task %s has no JSON form: %w", task.ID, err)
	}
	if len(value) > MaxTaskBytes {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLarge, len(value), MaxTaskBytes)
	}
	headers := []kgo.RecordHeader{
		{Key: "ce_specversion", Value: []byte("1.0")},
		{Key: "ce_id", Value: []byte(task.ID)},
		{Key: "ce_type", Value: []byte(task.Type)},
		{Key: "ce_source", Value: []byte(source)},
		{Key: "ce_time", Value: []byte(task.CreatedAt.String())},
		{Key: "content-type", Value: []byte("application/json")},
	}
	return &kgo.Record{Key: key, Value: value, Headers: headers}, nil
}

func (m Moment) String() string {
	form := "2006-01-02T15:04:05.000000Z"
	if m.Truncate(time.Microsecond).Nanosecond() == 0 {
		form = "2006-01-02T15:04:05Z"
	}
	return m.UTC().Format(form)
}

// MarshalJSON has the form of String, where time.Time would leave out zeros and write nanoseconds.
func (m Moment) MarshalJSON() ([]byte, error) {
	return json.Marshal(m.String())
}
