package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"

	"kingsnake/api"
)

// progress is one bar over several files. Without a terminal it shows nothing.
type progress struct {
	bar *progressbar.ProgressBar
	// base is what the files before the current one have.
	base int64
}

func (a *app) progress(total int64, what string) *progress {
	if !isTerminal(a.Stderr) || a.json {
		return &progress{}
	}
	return &progress{bar: progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(a.Stderr),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionEnableColorCodes(a.colored()),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)}
}

// at says how far the current file is.
func (p *progress) at(done int64) {
	if p.bar != nil {
		_ = p.bar.Set64(p.base + done) // A bar that cannot be drawn is no reason to stop.
	}
}

// fileDone moves on to the next file, whether or not this one succeeded.
func (p *progress) fileDone(size int64) {
	p.base += size
	p.at(0)
}

// pause takes the bar off the screen before something else is printed there.
func (p *progress) pause() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// countBar is a bar over the items of a job. Without a terminal it shows nothing.
func (a *app) countBar(what string) *itemBar {
	if !isTerminal(a.Stderr) || a.json {
		return &itemBar{}
	}
	return &itemBar{bar: progressbar.NewOptions64(-1,
		progressbar.OptionSetWriter(a.Stderr),
		progressbar.OptionSetDescription(printable(what)),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionEnableColorCodes(a.colored()),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
	)}
}

type itemBar struct{ bar *progressbar.ProgressBar }

func (b *itemBar) show(j api.Job) {
	if b.bar == nil {
		return
	}
	if j.Total > 0 && b.bar.GetMax64() != j.Total {
		b.bar.ChangeMax64(j.Total)
	}
	_ = b.bar.Set64(j.Done + j.Failed + j.Skipped) // A bar that cannot be drawn is no reason to stop.
}

func (b *itemBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
