package random

// The standard library reads bzip2 and does not write it. This is a complete
// compressor, but a plain one: one Huffman table for a whole block, and memory
// of about 20 bytes for each byte of a block. It is meant for test packages of
// some kilobytes.

const (
	// blockSize is the limit of a level 9 block after the first run-length
	// coding, with the slack that the reference encoder leaves.
	blockSize = 900_000 - 19
	groupSize = 50

	blockMagic = 0x314159265359
	endMagic   = 0x177245385090
)

// Bzip2 compresses data into one bzip2 stream.
func Bzip2(data []byte) []byte {
	w := &bitWriter{out: []byte("BZh9")}
	table := crcTable()
	total := uint32(0)
	for len(data) > 0 {
		block, used := runLength(data)
		crc := blockCRC(&table, data[:used])
		total = (total<<1 | total>>31) ^ crc
		writeBlock(w, block, crc)
		data = data[used:]
	}
	w.bits(endMagic, 48)
	w.bits(uint64(total), 32)
	return w.flush()
}

// runLength is the first stage: four equal bytes are followed by the number
// of further ones. It returns one block and how much of data it holds.
func runLength(data []byte) (block []byte, used int) {
	for used < len(data) && len(block) < blockSize-5 {
		b, run := data[used], 1
		for run < 255 && used+run < len(data) && data[used+run] == b {
			run++
		}
		for range min(run, 4) {
			block = append(block, b)
		}
		if run >= 4 {
			block = append(block, byte(run-4))
		}
		used += run
	}
	return block, used
}

// writeBlock writes one block with all its later stages.
func writeBlock(w *bitWriter, block []byte, crc uint32) {
	w.bits(blockMagic, 48)
	w.bits(uint64(crc), 32)
	w.bits(0, 1) // not randomised
	column, origin := burrowsWheeler(block)
	w.bits(uint64(origin), 24)
	used := writeAlphabet(w, block)
	symbols, size := moveToFront(column, used)
	lengths := codeLengths(symbols, size)
	codes := canonical(lengths)

	selectors := (len(symbols) + groupSize - 1) / groupSize
	w.bits(2, 3) // the format wants two tables, so the one is written twice
	w.bits(uint64(selectors), 15)
	for range selectors {
		w.bits(0, 1)
	}
	for range 2 {
		writeLengths(w, lengths)
	}
	for _, s := range symbols {
		w.bits(uint64(codes[s]), lengths[s])
	}
}

// burrowsWheeler returns the last column of the sorted rotations of block,
// and the row that is block itself. Rotations are sorted by their first
// 1, 2, 4, ... bytes, each round from the ranks of the one before.
func burrowsWheeler(block []byte) (column []byte, origin int) {
	n := len(block)
	order, rank := make([]int32, n), make([]int32, n)
	nextOrder, nextRank := make([]int32, n), make([]int32, n)
	for i, b := range block {
		order[i], rank[i] = int32(i), int32(b)
	}
	order = countingSort(order, rank, max(256, n), nextOrder)
	nextOrder = make([]int32, n)
	classes := rerank(order, rank, 0, nextRank)
	rank, nextRank = nextRank, rank
	for width := 1; width < n && classes < n; width *= 2 {
		for i, p := range order {
			nextOrder[i] = int32((int(p) - width + n) % n)
		}
		order = countingSort(nextOrder, rank, classes, order)
		nextOrder = make([]int32, n)
		classes = rerank(order, rank, width, nextRank)
		rank, nextRank = nextRank, rank
	}
	column = make([]byte, n)
	for i, p := range order {
		if p == 0 {
			origin = i
		}
		column[i] = block[(int(p)+n-1)%n]
	}
	return column, origin
}

// countingSort sorts items stably by their key into out.
func countingSort(items, key []int32, keys int, out []int32) []int32 {
	starts := make([]int32, keys+1)
	for _, k := range key {
		starts[k+1]++
	}
	for k := range keys {
		starts[k+1] += starts[k]
	}
	for _, item := range items {
		k := key[item]
		out[starts[k]] = item
		starts[k]++
	}
	return out
}

// rerank numbers the rotations in order, equal ones alike, by their rank and
// by that of the rotation width further on. It returns how many differ.
func rerank(order, rank []int32, width int, out []int32) int {
	n, class := len(order), int32(0)
	for i, p := range order {
		if i > 0 {
			q := order[i-1]
			if rank[p] != rank[q] || rank[(int(p)+width)%n] != rank[(int(q)+width)%n] {
				class++
			}
		}
		out[p] = class
	}
	return int(class) + 1
}

// writeAlphabet writes which bytes occur, as a map of maps, and returns them.
func writeAlphabet(w *bitWriter, block []byte) []byte {
	var seen [256]bool
	for _, b := range block {
		seen[b] = true
	}
	var rows [16]uint64
	var outer uint64
	var used []byte
	for b, ok := range seen {
		if ok {
			used = append(used, byte(b))
			rows[b/16] |= 1 << (15 - b%16)
			outer |= 1 << (15 - b/16)
		}
	}
	w.bits(outer, 16)
	for _, row := range rows {
		if row != 0 {
			w.bits(row, 16)
		}
	}
	return used
}

// moveToFront codes each byte as its place in a list of recent ones, and runs
// of the first place as numbers in the digits 1 and 2, which are the symbols 0
// and 1. The last symbol ends the block; size is the number of symbols.
func moveToFront(column, used []byte) (symbols []uint16, size int) {
	recent := append([]byte(nil), used...)
	run := 0
	flush := func() {
		for ; run > 0; run = (run - 1) / 2 {
			symbols = append(symbols, uint16((run-1)%2))
		}
	}
	for _, b := range column {
		at := 0
		for recent[at] != b {
			at++
		}
		if at == 0 {
			run++
			continue
		}
		flush()
		copy(recent[1:at+1], recent[:at])
		recent[0] = b
		symbols = append(symbols, uint16(at+1))
	}
	flush()
	return append(symbols, uint16(len(used)+1)), len(used) + 2
}

// codeLengths returns the Huffman code length of each symbol. When a code
// gets longer than the reference encoder writes, frequencies are levelled.
func codeLengths(symbols []uint16, size int) []uint {
	const longest = 17
	freq := make([]int, size)
	for _, s := range symbols {
		freq[s]++
	}
	for i := range freq {
		freq[i] = max(freq[i], 1)
	}
	for {
		lengths, deepest := huffman(freq)
		if deepest <= longest {
			return lengths
		}
		for i := range freq {
			freq[i] = freq[i]/2 + 1
		}
	}
}

// huffman builds the tree by joining the two rarest nodes until one is left.
func huffman(freq []int) (lengths []uint, deepest uint) {
	n := len(freq)
	weight, parent := append([]int(nil), freq...), make([]int, n, 2*n)
	live := make([]int, n)
	for i := range live {
		live[i] = i
	}
	takeRarest := func() int {
		at := 0
		for i, node := range live {
			if weight[node] < weight[live[at]] {
				at = i
			}
		}
		node := live[at]
		live = append(live[:at], live[at+1:]...)
		return node
	}
	for len(live) > 1 {
		a, b := takeRarest(), takeRarest()
		joined := len(weight)
		weight, parent = append(weight, weight[a]+weight[b]), append(parent, 0)
		parent[a], parent[b] = joined, joined
		live = append(live, joined)
	}
	root := len(weight) - 1
	lengths = make([]uint, n)
	for i := range lengths {
		for node := i; node != root; node = parent[node] {
			lengths[i]++
		}
		deepest = max(deepest, lengths[i])
	}
	return lengths, deepest
}

// canonical assigns codes by length and then by symbol.
func canonical(lengths []uint) []uint32 {
	codes := make([]uint32, len(lengths))
	code := uint32(0)
	for length := uint(1); length <= 20; length++ {
		for s, l := range lengths {
			if l == length {
				codes[s] = code
				code++
			}
		}
		code <<= 1
	}
	return codes
}

// writeLengths writes a table of code lengths as differences.
func writeLengths(w *bitWriter, lengths []uint) {
	current := lengths[0]
	w.bits(uint64(current), 5)
	for _, l := range lengths {
		for ; current < l; current++ {
			w.bits(0b10, 2)
		}
		for ; current > l; current-- {
			w.bits(0b11, 2)
		}
		w.bits(0, 1)
	}
}

// bitWriter collects bits, the highest first.
type bitWriter struct {
	out   []byte
	acc   uint64
	count uint
}

func (w *bitWriter) bits(v uint64, n uint) {
	for ; n > 0; n-- {
		w.acc = w.acc<<1 | v>>(n-1)&1
		if w.count++; w.count == 8 {
			w.out = append(w.out, byte(w.acc))
			w.acc, w.count = 0, 0
		}
	}
}

func (w *bitWriter) flush() []byte {
	for w.count > 0 {
		w.bits(0, 1)
	}
	return w.out
}

// crcTable is the table of the CRC-32 that bzip2 uses: that of Ethernet, but
// with the highest bit first, which hash/crc32 does not offer.
func crcTable() (table [256]uint32) {
	for i := range table {
		c := uint32(i) << 24
		for range 8 {
			if c&(1<<31) != 0 {
				c = c<<1 ^ 0x04c11db7
			} else {
				c <<= 1
			}
		}
		table[i] = c
	}
	return table
}

func blockCRC(table *[256]uint32, data []byte) uint32 {
	c := ^uint32(0)
	for _, b := range data {
		c = c<<8 ^ table[byte(c>>24)^b]
	}
	return ^c
}
