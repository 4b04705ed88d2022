package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// times is the processor time of programs by name, in seconds.
type times map[string]float64

func (t times) total() (sum float64) {
	for _, seconds := range t {
		sum += seconds
	}
	return sum
}

// processorTimes gives the processor time that this process and all that it started have used, those that have ended included.
func processorTimes() (times, error) {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	type process struct {
		name   string
		parent int
		ticks  float64
	}
	all := map[int]process{}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // It has ended, and counts with its parent.
		}
		if err != nil {
			return nil, err
		}
		begin, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
		fields := strings.Fields(string(stat[end+1:]))
		if begin < 0 || end < begin || len(fields) < 2 {
			return nil, fmt.Errorf("no name and parent in %q", stat)
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			return nil, err
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		ticks, err := ticksOf(stat)
		if err != nil {
			return nil, err
		}
		all[pid] = process{string(stat[begin+1 : end]), parent, ticks}
	}
	out := times{}
	for pid, p := range all {
		at := pid
		for at != os.Getpid() && at > 1 {
			at = all[at].parent
		}
		if at == os.Getpid() {
			out[p.name] += p.ticks / 100
		}
	}
	return out, nil
}

// addTimes adds what was used between two times, n-th parts of it, to what was before.
func addTimes(sum, before, after times, n float64) times {
	if sum == nil {
		sum = times{}
	}
	for name, seconds := range after {
		sum[name] += (seconds - before[name]) / n
	}
	return sum
}

// listTimes tells times in words, in milliseconds, those alone that matter.
func listTimes(t times) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if ms := 1000 * t[name]; ms >= 0.01 {
			parts = append(parts, name+" "+number(ms, "ms"))
		}
	}
	return strings.Join(parts, ", ")
}
