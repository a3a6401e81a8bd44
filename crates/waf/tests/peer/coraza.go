// Coraza v3 beside our engine, called and answering as libmodsecurity.c: REQUESTS ROUNDS RULES...
// Built by hand with its module; SEKISHO_PEERS names the program.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/corazawaf/coraza/v3"
	"github.com/corazawaf/coraza/v3/types"
)

var at []byte

func number() uint32 { value := binary.LittleEndian.Uint32(at); at = at[4:]; return value }
func text() string   { length := number(); value := string(at[:length]); at = at[length:]; return value }

func now() float64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return float64(usage.Utime.Sec+usage.Stime.Sec)*1e6 + float64(usage.Utime.Usec+usage.Stime.Usec)
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "coraza:", err)
		os.Exit(2)
	}
}

func main() {
	frames, err := os.ReadFile(os.Args[1])
	must(err)
	rounds, _ := strconv.Atoi(os.Args[2])
	config := coraza.NewWAFConfig().WithErrorCallback(func(types.MatchedRule) {})
	base, err := os.ReadFile(os.Args[3])
	must(err)
	// A directive older releases do not know, and the default is theirs too.
	for _, line := range strings.SplitAfter(string(base), "\n") {
		if strings.HasPrefix(line, "SecRequestBodyJsonDepthLimit") {
			base = []byte(strings.Replace(string(base), line, "", 1))
		}
	}
	config = config.WithDirectives(string(base))
	for _, file := range os.Args[4:] {
		config = config.WithDirectivesFromFile(file)
	}
	waf, err := coraza.NewWAF(config)
	must(err)
	best := 1e18
	for round := 0; round < rounds; round++ {
		count, before := 0, now()
		for at = frames; len(at) > 0; count++ {
			mark := number()
			method, target, version := text(), text(), text()
			transaction := waf.NewTransaction()
			transaction.ProcessConnection("127.0.0.1", 40000, "127.0.0.1", 80)
			transaction.ProcessURI(target, method, version)
			for headers := number(); headers > 0; headers-- {
				name, value := text(), text()
				transaction.AddRequestHeader(name, value)
			}
			body := text()
			stop := transaction.ProcessRequestHeaders()
			if stop == nil && len(body) > 0 {
				stop, _, _ = transaction.WriteRequestBody([]byte(body))
			}
			if stop == nil {
				stop, _ = transaction.ProcessRequestBody()
			}
			if round == 0 {
				fmt.Print(mark)
				for _, matched := range transaction.MatchedRules() {
					if matched.Message() != "" {
						fmt.Print(" ", matched.Rule().ID())
					}
				}
				status := 0
				if stop != nil {
					status = 403
				}
				fmt.Printf(" = %d\n", status)
			}
			_ = transaction.Close()
		}
		if each := (now() - before) / float64(count); each < best {
			best = each
		}
	}
	fmt.Fprintf(os.Stderr, "us_per_request %.1f\n", best)
}
