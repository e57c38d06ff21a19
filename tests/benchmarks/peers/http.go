// SPDX-License-Identifier: MIT

// The job of chapter-3.3.2/09_http_server.c in Go.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"
)

type answer struct {
	Time string `json:"time"`
}

func tellTime(w http.ResponseWriter, r *http.Request) {
	body, err := json.Marshal(answer{time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/api/time", tellTime)
	log.Fatal(http.Serve(listener, nil))
}
