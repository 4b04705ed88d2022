package server

// headroom is how much is allocated at least between two collections of garbage.
const headroom = 64 << 20

// ballast is memory that is never touched, and so is none: the operating system gives it when it is. It makes the heap look
// larger to the runtime, which collects garbage when the heap has doubled: that of a server which keeps 10 MB doubles a few
// times a second, and each time all of it is looked at. It costs at most as much real memory as it is large, in garbage. There is none
// where the environment says when to collect.
func ballast(environ func(string) string) []byte {
	if environ("GOGC") != "" || environ("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, headroom)
}
