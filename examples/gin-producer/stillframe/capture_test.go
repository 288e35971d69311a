package stillframe

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// frozen sends a request to a route and returns its snapshot.
func frozen(t *testing.T, route, target string, headers http.Header) *Snapshot {
	t.Helper()
	gin.SetMode(gin.TestMode)
	capture, err := NewCapture(append([]string{"Referer"}, DefaultHeaders...)...)
	if err != nil {
		t.Fatal(err)
	}
	var snapshot *Snapshot
	engine := gin.New()
	engine.POST(route, func(c *gin.Context) { snapshot = capture.Freeze(c) })
	request := httptest.NewRequest(http.MethodPost, target, nil)
	request.Header = headers
	engine.ServeHTTP(httptest.NewRecorder(), request)
	if snapshot == nil {
		t.Fatalf("%s does not lead to %s", target, route)
	}
	return snapshot
}

func TestTheRequestIsCopied(t *testing.T) {
	headers := http.Header{"Accept-Language": {"de", "en"}, "User-Agent": {"test"}, "X-Other": {"no"}}
	got := frozen(t, "/shops/:shop/*rest", "/shops/7/emails/new%20one?b=2&a=1&b=%C3%A9&empty=&bare&&a=+%zz", headers)
	if got.Method != "POST" || got.Path != "/shops/7/emails/new one" || *got.Route != "/shops/{shop}/{rest}" {
		t.Errorf("%s %s by %s", got.Method, got.Path, *got.Route)
	}
	if want := map[string]string{"shop": "7", "rest": "/emails/new one"}; !reflect.DeepEqual(got.PathParams, want) {
		t.Errorf("path params: %v", got.PathParams)
	}
	query := []Pair{{"b", "2"}, {"a", "1"}, {"b", "é"}, {"empty", ""}, {"bare", ""}, {"a", "+%zz"}}
	if !reflect.DeepEqual(got.Query, query) {
		t.Errorf("query: %v", got.Query)
	}
	taken := []Pair{{"user-agent", "test"}, {"accept-language", "de"}, {"accept-language", "en"}}
	if !reflect.DeepEqual(got.Headers, taken) {
		t.Errorf("headers: %v", got.Headers)
	}
	if *got.Client != "192.0.2.1" {
		t.Errorf("client: %s", *got.Client)
	}
}

func TestNothingSecretIsTaken(t *testing.T) {
	headers := http.Header{"Referer": {"https://me:CANARY@shop.test/?sid=CANARY&page=2#access_token=CANARY"}}
	for _, name := range []string{"Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "x_api_key", "X-Auth-Token"} {
		headers[name] = []string{"CANARY"}
		if _, err := NewCapture(name); err == nil {
			t.Errorf("%s may be taken", name)
		}
	}
	target := "/reset/CANARY/7?page=1&api_key=CANARY&Access-Token=CANARY&next=https%3A%2F%2Fh%2F%3Ftoken%3DCANARY"
	got := frozen(t, "/reset/:token/:page", target, headers)
	text, err := json.Marshal(got)
	if err != nil || strings.Contains(string(text), "CANARY") {
		t.Errorf("%s %v", text, err)
	}
	if got.Path != "/reset/{token}/7" || !reflect.DeepEqual(got.Query, []Pair{{"page", "1"}, {"next", "https://h/?token="}}) {
		t.Errorf("%s %v", got.Path, got.Query)
	}
	if want := []Pair{{"referer", "https://shop.test/?sid=&page=2#access_token="}}; !reflect.DeepEqual(got.Headers, want) {
		t.Errorf("headers: %v", got.Headers)
	}
}

func TestASecretThatTakesTheRestOfThePathIsNotTaken(t *testing.T) {
	got := frozen(t, "/files/:name/*key", "/files/a/CANARY/a", nil)
	if got.Path != "/files/a/{key}" || !reflect.DeepEqual(got.PathParams, map[string]string{"name": "a"}) {
		t.Errorf("%s %v", got.Path, got.PathParams)
	}
}
