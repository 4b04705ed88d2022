package main

import "context"

func (l *largeSettings) measureIndex(ctx context.Context) error { return ctx.Err() }
