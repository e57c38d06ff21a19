// SPDX-License-Identifier: MIT

// Asks for the time over and over in Go: client PORT AT_ONCE MILLISECONDS
// Prints what clients.py wants to know. As much time before that is for warming up.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type answer struct {
	Time string `json:"time"`
}

func get(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var a answer
	if err = json.Unmarshal(body, &a); err != nil {
		return err
	}
	if response.StatusCode != 200 || !strings.HasPrefix(a.Time, "20") {
		return fmt.Errorf("wrong answer: %s", body)
	}
	return nil
}

// What the answers took that came between begin and end, in microseconds.
func ask(client *http.Client, url string, begin, end time.Time) (latencies []float64) {
	for now := time.Now(); now.Before(end); {
		if err := get(client, url); err != nil {
			log.Fatal(err)
		}
		before := now
		now = time.Now()
		if now.After(begin) {
			latencies = append(latencies, float64(now.Sub(before).Nanoseconds())/1e3)
		}
	}
	return latencies
}

func cpuSeconds() float64 {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func peakKiB() (peak int) {
	status, _ := os.ReadFile("/proc/self/status")
	_, at, _ := strings.Cut(string(status), "VmHWM:")
	_, _ = fmt.Sscan(at, &peak)
	return peak
}

func main() {
	atOnce, _ := strconv.Atoi(os.Args[2])
	milliseconds, _ := strconv.Atoi(os.Args[3])
	url := "http://127.0.0.1:" + os.Args[1] + "/api/time"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	length := time.Duration(milliseconds) * time.Millisecond
	begin := time.Now().Add(length)
	var group sync.WaitGroup
	results := make([][]float64, atOnce)
	for k := range results {
		group.Add(1)
		go func(k int) {
			defer group.Done()
			results[k] = ask(client, url, begin, begin.Add(length))
		}(k)
	}
	time.Sleep(time.Until(begin))
	cpu := cpuSeconds()
	group.Wait()
	cpu = cpuSeconds() - cpu
	real := time.Since(begin).Seconds()
	var all []float64
	for _, latencies := range results {
		all = append(all, latencies...)
	}
	sort.Float64s(all)
	fmt.Printf("{\"ops\": %d, \"cpu\": %f, \"real\": %f, \"p50\": %f, \"p99\": %f, \"peak\": %d}\n",
		len(all), cpu, real, all[len(all)/2], all[len(all)*99/100], peakKiB())
}
