package cli

import (
	"time"

	"github.com/schollz/progressbar/v3"
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
