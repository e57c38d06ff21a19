// SPDX-License-Identifier: MIT

// Counts lines, words and bytes of files in Go: files FILE...
package main

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
)

const chunk = 256 * 1024

var blank = [256]int{'\t': 1, '\n': 1, '\v': 1, '\f': 1, '\r': 1, ' ': 1}

func count(path string, buffer []byte) (lines, words, size int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return
	}
	defer file.Close()
	before := 1 // the byte before was a blank
	for {
		n, err := file.Read(buffer)
		size += n
		lines += bytes.Count(buffer[:n], []byte{'\n'})
		for _, b := range buffer[:n] {
			now := blank[b]
			words += before &^ now
			before = now
		}
		if err == io.EOF {
			return lines, words, size, nil
		}
		if err != nil {
			return lines, words, size, err
		}
	}
}

func main() {
	buffer := make([]byte, chunk)
	lines, words, size := 0, 0, 0
	for _, path := range os.Args[1:] {
		l, w, s, err := count(path, buffer)
		if err != nil {
			log.Fatal(err)
		}
		lines, words, size = lines+l, words+w, size+s
	}
	fmt.Printf("{\"lines\": %d, \"words\": %d, \"bytes\": %d}\n", lines, words, size)
}
