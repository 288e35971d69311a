// A web service in Go whose tasks run in Stillframe's Python workers.
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gin-gonic/gin"

	"gin-producer/stillframe"
)

const (
	submitTimeout = 10 * time.Second
	// Longer than any request takes: each is answered before the producer is closed.
	shutdownTimeout = submitTimeout + 5*time.Second
)

func main() {
	if err := run(); err != nil {
		slog.Error("ended", "error", err)
		os.Exit(1)
	}
}

func run() error {
	gin.SetMode(gin.ReleaseMode)
	servers := strings.Split(setting("STILLFRAME_BOOTSTRAP_SERVERS", "localhost:9092"), ",")
	producer, err := stillframe.NewProducer(servers, setting("TOPIC", "emails"), "gin-producer", submitTimeout)
	if err != nil {
		return err
	}
	capture, err := stillframe.NewCapture(stillframe.DefaultHeaders...)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              setting("ADDRESS", "127.0.0.1:8080"),
		Handler:           app{producer, capture}.handler(),
		ReadHeaderTimeout: 5 * time.Second,
	}
	stopped, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		<-stopped.Done()
		ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
		defer cancel()
		ended <- server.Shutdown(ctx)
	}()
	slog.Info("listening", "address", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, producer.Close())
	}
	return errors.Join(<-ended, producer.Close())
}

func setting(name, otherwise string) string {
	return cmp.Or(os.Getenv(name), otherwise)
}
