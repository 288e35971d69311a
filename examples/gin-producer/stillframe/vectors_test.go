package stillframe

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A file of docs/wire-format/vectors/valid.
type vector struct {
	Task struct {
		Task
		Payload json.RawMessage `json:"payload"`
		Source  string          `json:"source"`
		Key     *string         `json:"key"`
	} `json:"task"`
	Record struct {
		Key     *string `json:"key"`
		Headers []Pair  `json:"headers"`
		Value   string  `json:"value"`
	} `json:"record"`
	Partitions map[string]int `json:"partitions"`
}

// No producer of today writes fields of a later release (V13).
const notWritten = "unknown-fields.json"

func TestRecordsAreThoseOfTheVectors(t *testing.T) {
	files, err := filepath.Glob("../../../docs/wire-format/vectors/valid/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d vectors: %v", len(files), err)
	}
	for _, file := range files {
		if filepath.Base(file) == notWritten {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) { check(t, file) })
	}
}

func check(t *testing.T, file string) {
	var want vector
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	task := want.Task.Task
	task.Schema, task.Payload = 1, want.Task.Payload
	record, err := Encode(task, bytesOf(want.Task.Key), want.Task.Source)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(record.Key, bytesOf(want.Record.Key)) {
		t.Errorf("key: %q", record.Key)
	}
	var headers []Pair
	for _, header := range record.Headers {
		headers = append(headers, Pair{header.Key, string(header.Value)})
	}
	if !reflect.DeepEqual(headers, want.Record.Headers) {
		t.Errorf("headers: %v, not %v", headers, want.Record.Headers)
	}
	if got, wanted := parsed(t, string(record.Value)), parsed(t, want.Record.Value); !reflect.DeepEqual(got, wanted) {
		t.Errorf("value: %v, not %v", got, wanted)
	}
	for count, partition := range want.Partitions {
		if got := partitionOf(record, count); got != partition {
			t.Errorf("of %s partitions: %d, not %d", count, got, partition)
		}
	}
}

// partitionOf asks the partitioner that the producer has.
func partitionOf(record *kgo.Record, count string) int {
	number, _ := strconv.Atoi(count)
	return kgo.StickyKeyPartitioner(nil).ForTopic("emails").Partition(record, number)
}

// parsed leaves out what may be left out of a value, and keeps numbers as they are written.
func parsed(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	if snapshot, ok := value["snapshot"].(map[string]any); ok {
		value["snapshot"] = present(snapshot)
	}
	return present(value)
}

func present(fields map[string]any) map[string]any {
	for name, value := range fields {
		switch each := value.(type) {
		case nil:
			delete(fields, name)
		case []any:
			if len(each) == 0 {
				delete(fields, name)
			}
		case map[string]any:
			if len(each) == 0 && name != "payload" {
				delete(fields, name)
			}
		}
	}
	return fields
}

func bytesOf(text *string) []byte {
	if text == nil {
		return nil
	}
	return []byte(*text)
}
