package cacheblob

// Settle waits for the copies that are being made.
func (s *Store) Settle() { s.running.Wait() }
