package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"gin-producer/stillframe"
)

const body = `{"to": "ada@mail.example", "subject": "Hello"}`

// asked sends a request to the application whose broker is at this address.
func asked(t *testing.T, broker, body string) *httptest.ResponseRecorder {
	t.Helper()
	gin.SetMode(gin.TestMode)
	producer, err := stillframe.NewProducer([]string{broker}, "emails", "shop", 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = producer.Close() })
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodPost, "/shops/7/emails", strings.NewReader(body))
	app{producer, stillframe.Capture{}}.handler().ServeHTTP(recorder, request)
	return recorder
}

func problemOf(t *testing.T, answer *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	if kind := answer.Header().Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("answered as %s", kind)
	}
	var problem map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &problem); err != nil {
		t.Fatal(err)
	}
	return problem
}

func TestABrokerThatDoesNotAnswerIsTold(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // the kernel takes connections, and nobody answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	began := time.Now()
	answer := asked(t, silent.Addr().String(), body)
	if answer.Code != http.StatusServiceUnavailable || time.Since(began) > 5*time.Second {
		t.Errorf("answered %d after %s", answer.Code, time.Since(began))
	}
	problem := problemOf(t, answer)
	if !strings.Contains(problem["detail"].(string), "not known") || problem["task_id"] == "" {
		t.Errorf("%v", problem)
	}
	if answer.Header().Get("Retry-After") != "1" {
		t.Errorf("%v", answer.Header())
	}
}

func TestWhatDoesNotFitIsTold(t *testing.T) {
	for _, wrong := range []string{"", "{}", "[]", `{"to": 1, "subject": "a"}`, `{"to": "a"}`} {
		if answer := asked(t, "127.0.0.1:1", wrong); answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q was answered %d", wrong, answer.Code)
		}
	}
}

func TestWhatIsTooLargeIsTold(t *testing.T) {
	for _, size := range []int{stillframe.MaxTaskBytes - 100, stillframe.MaxTaskBytes} {
		large := `{"to": "a", "subject": "` + strings.Repeat("x", size) + `"}`
		answer := asked(t, "127.0.0.1:1", large)
		if answer.Code != http.StatusRequestEntityTooLarge {
			t.Errorf("%d bytes were answered %d", len(large), answer.Code)
		}
		problemOf(t, answer)
	}
}
