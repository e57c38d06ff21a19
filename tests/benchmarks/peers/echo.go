// SPDX-License-Identifier: MIT

// The jobs of 11_tcp_echo.c and 12_udp_echo.c in Go: echo tcp|udp
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"os"
)

// Sends each line back, and what is written when there is no more to read.
func echo(connection net.Conn) {
	defer connection.Close()
	reader, writer := bufio.NewReader(connection), bufio.NewWriter(connection)
	for {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return
		}
		if _, err = writer.Write(line); err != nil {
			return
		}
		if reader.Buffered() == 0 && writer.Flush() != nil {
			return
		}
	}
}

func serveTCP() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return err
		}
		go echo(connection)
	}
}

func serveUDP() error {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	fmt.Println("port", socket.LocalAddr().(*net.UDPAddr).Port)
	bytes := make([]byte, 2048)
	for {
		n, sender, err := socket.ReadFromUDPAddrPort(bytes)
		if err != nil {
			return err
		}
		if _, err = socket.WriteToUDPAddrPort(bytes[:n], sender); err != nil {
			return err
		}
	}
}

func main() {
	if os.Args[1] == "tcp" {
		log.Fatal(serveTCP())
	}
	log.Fatal(serveUDP())
}
