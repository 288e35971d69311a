package main

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-producer/stillframe"
)

// Email is the payload of send_email, as examples/mailer/tasks.py has it.
type Email struct {
	To      string `json:"to" binding:"required"`
	Subject string `json:"subject" binding:"required"`
}

type app struct {
	producer *stillframe.Producer
	capture  stillframe.Capture
}

// handler has the routes. Gin's own logger is left out: it writes queries down.
func (a app) handler() http.Handler {
	engine := gin.New()
	engine.Use(gin.CustomRecoveryWithWriter(io.Discard, func(c *gin.Context, _ any) {
		answer(c, http.StatusInternalServerError, "Something went wrong here.", "")
	}))
	engine.POST("/shops/:shop/emails", a.create)
	return engine
}

// create freezes the request, submits the task and answers 202: from then on it is never lost.
func (a app) create(c *gin.Context) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, stillframe.MaxTaskBytes)
	var email Email
	if err := c.ShouldBindJSON(&email); err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			answer(c, http.StatusRequestEntityTooLarge, "The request is too large.", "")
			return
		}
		answer(c, http.StatusUnprocessableEntity, "The request does not fit: it needs to and subject.", "")
		return
	}
	task, err := stillframe.NewTask("send_email", email, a.capture.Freeze(c))
	if err == nil {
		err = a.producer.Submit(task, []byte(email.To)) // emails to one address are sent in order
	}
	if err != nil {
		a.refuse(c, task.ID, err)
		return
	}
	c.JSON(http.StatusAccepted, gin.H{"task_id": task.ID})
}

// refuse tells the client what it may do, and the log why.
func (a app) refuse(c *gin.Context, taskID string, err error) {
	slog.Warn("not submitted", "task_id", taskID, "error", err)
	switch {
	case errors.Is(err, stillframe.ErrTooLarge):
		answer(c, http.StatusRequestEntityTooLarge, "The request is too large.", "")
	case errors.Is(err, stillframe.ErrUnknown):
		c.Header("Retry-After", "1")
		answer(c, http.StatusServiceUnavailable,
			"It is not known whether the task was accepted; it may still be done.", taskID)
	default:
		answer(c, http.StatusServiceUnavailable, "The task was not accepted. Nothing was done.", taskID)
	}
}

// answer is application/problem+json (RFC 9457).
func answer(c *gin.Context, status int, detail, taskID string) {
	problem := gin.H{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail}
	if taskID != "" {
		problem["task_id"] = taskID
	}
	body, _ := json.Marshal(problem) // text and a number: nothing that could fail
	c.Data(status, "application/problem+json", body)
	c.Abort()
}
