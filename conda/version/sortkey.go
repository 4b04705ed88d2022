package version

// The bytes of a sort key. Each alternative that may begin at one place has its own range of first bytes, in the
// order in which the alternatives sort, so that bytes.Compare never has to look past the first difference.
const (
	// At the start of a segment: runs of zero segments up to a segment below or above zero, or the end of the part.
	keyBelow = 0x01 // + number of zero segments skipped: a fall below zero sorts the lower the earlier it comes
	keyEnd   = 0x80 // only zero segments follow
	keyAbove = 0xff // - number of zero segments skipped: a rise above zero sorts the higher the earlier it comes

	// After a number, inside a segment. Letters and the underscore stand for themselves, between dev and the end.
	keyDev        = 0x01
	keyTextEnd    = 0x00 // below all letters: a text sorts before its own continuations
	keySegmentEnd = 0x7f // above 'z': a missing component is 0 and sorts above all texts
	keyPost       = 0x80
)

// SortKey returns bytes whose order under bytes.Compare, which is also that of BLOB columns in SQLite and bytea
// columns in PostgreSQL, is the order of [Compare]. Versions that compare as equal have equal keys. A key has fewer
// than 4*MaxLength bytes. Keys may be stored: a change of the encoding is a breaking change of this package.
//
// A key is the epoch, the main part and the local part, one after the other:
//
//	number  = length digit*        one byte for the count of digits without leading zeros, then the digits in ASCII
//	part    = step* 80             steps are the segments other than zero
//	step    = (01+n | ff-n) segment    n zero segments come before; 01+n if segment is below zero, ff-n if above
//	segment = number (text number)* 7f
//	text    = 01 | letter* 00 | 80     dev, letters and underscore in ASCII, post
//
// So "1.0.0" has the key 00 ff 01 31 7f 80 80: epoch 0, segment 1, end of main part, end of local part.
func (v Version) SortKey() []byte {
	key := make([]byte, 0, 3*len(v.text)+9)
	main := v.main
	if len(main) > 0 {
		key = appendNumber(key, main[0].at(0))
		main = main[1:]
	} else {
		key = appendNumber(key, zero)
	}
	key = appendPart(key, main)
	return appendPart(key, v.local)
}

func appendPart(key []byte, part []segment) []byte {
	zeros := byte(0)
	for _, s := range part {
		switch compareComponents(s, nil) {
		case 0:
			zeros++
			continue
		case -1:
			key = append(key, keyBelow+zeros)
		default:
			key = append(key, keyAbove-zeros)
		}
		zeros = 0
		key = appendSegment(key, s)
	}
	return append(key, keyEnd)
}

// appendSegment relies on numbers and texts taking turns, and on no number following where nothing else does:
// a number that is missing after a text is written out as 0.
func appendSegment(key []byte, s segment) []byte {
	key = appendNumber(key, s.at(0))
	for i := 1; i < len(s); i += 2 {
		switch s[i].kind {
		case kindDev:
			key = append(key, keyDev)
		case kindPost:
			key = append(key, keyPost)
		default:
			key = append(key, s[i].text...)
			key = append(key, keyTextEnd)
		}
		key = appendNumber(key, s.at(i+1))
	}
	return append(key, keySegmentEnd)
}

func appendNumber(key []byte, c component) []byte {
	key = append(key, byte(len(c.text)))
	return append(key, c.text...)
}
