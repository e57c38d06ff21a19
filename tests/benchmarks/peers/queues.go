// SPDX-License-Identifier: MIT

// The jobs of queue_22_bench.c and queue_24_bench.c on a Go channel, with one thread:
// queues waves|bounded ROOM ITEMS
package main

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const consumers = 4

func cpu() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		log.Fatal(err)
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func main() {
	runtime.GOMAXPROCS(1)
	room, err1 := strconv.Atoi(os.Args[2])
	items, err2 := strconv.Atoi(os.Args[3])
	if err1 != nil || err2 != nil {
		log.Fatal("usage: queues waves|bounded ROOM ITEMS")
	}
	began, used := time.Now(), cpu()
	queue := make(chan int, room)
	sums := make(chan int, consumers)
	var wave sync.WaitGroup
	waves := os.Args[1] == "waves"
	for k := 0; k < consumers; k++ {
		go func() {
			sum := 0
			for item := range queue {
				sum += item
				if waves {
					wave.Done()
				}
			}
			sums <- sum
		}()
	}
	for item := 0; item < items; item++ {
		if waves && item%room == 0 {
			wave.Wait()
			wave.Add(min(room, items-item))
		}
		queue <- item
	}
	close(queue)
	total := 0
	for k := 0; k < consumers; k++ {
		total += <-sums
	}
	used = cpu() - used
	if total != items*(items-1)/2 {
		log.Fatal("a wrong sum")
	}
	fmt.Printf("{\"ops\": %d, \"cpu\": %.9f, \"real\": %.9f}\n", items, used,
		time.Since(began).Seconds())
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}
