package stillframe

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// DefaultHeaders are those that a snapshot has unless it is told otherwise (S5).
var DefaultHeaders = []string{
	"content-type", "user-agent", "x-request-id", "traceparent", "tracestate", "accept-language",
}

// A parameter in a route of Gin's: ":shop", or "*rest".
var routeParam = regexp.MustCompile(`[:*](\w+)`)

// Capture is the policy by which requests are copied.
type Capture struct{ headers []string }

// NewCapture takes the headers of these names, and no others.
func NewCapture(headers ...string) (Capture, error) {
	var names []string
	for _, name := range headers {
		if Sensitive(name) {
			return Capture{}, fmt.Errorf("header %q looks like a secret, and snapshots are kept in Kafka", name)
		}
		names = append(names, strings.ToLower(name))
	}
	return Capture{names}, nil
}

// Freeze copies what a handler may know of the request after it has been answered, as Gin's own Copy does, but on
// the wire. The body is not among it.
func (p Capture) Freeze(c *gin.Context) *Snapshot {
	snapshot := &Snapshot{
		Method:     strings.ToUpper(c.Request.Method),
		Path:       pathOf(c),
		ReceivedAt: Moment{time.Now()},
		Route:      orNull(routeParam.ReplaceAllString(c.FullPath(), "{$1}")),
		PathParams: map[string]string{},
		Query:      queryOf(c.Request.URL.RawQuery),
		Client:     orNull(c.RemoteIP()),
	}
	for _, param := range c.Params {
		if !Sensitive(param.Key) {
			snapshot.PathParams[param.Key] = withoutSecrets(param.Value)
		}
	}
	for _, name := range p.headers {
		for _, value := range c.Request.Header.Values(name) {
			snapshot.Headers = append(snapshot.Headers, Pair{name, withoutSecrets(value)})
		}
	}
	return snapshot
}

// queryOf has the parameters in order, with repeats: url.Values has no order.
func queryOf(raw string) []Pair {
	var pairs []Pair
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name = unescaped(name); part != "" && !Sensitive(name) {
			pairs = append(pairs, Pair{name, withoutSecrets(unescaped(value))})
		}
	}
	return pairs
}

// pathOf is the path, without what its sensitive parameters matched: that would be in it a second time.
func pathOf(c *gin.Context) string {
	parts := strings.Split(c.Request.URL.Path, "/")
	for _, param := range c.Params {
		if !Sensitive(param.Key) {
			continue
		}
		if strings.HasPrefix(param.Value, "/") { // of "*rest", which takes all that is left
			kept := len(parts) - strings.Count(param.Value, "/")
			parts = append(parts[:kept], "{"+param.Key+"}")
			continue
		}
		for number, part := range parts {
			if part == param.Value {
				parts[number] = "{" + param.Key + "}"
			}
		}
	}
	return withoutSecrets(strings.Join(parts, "/"))
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
