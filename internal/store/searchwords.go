package store

import (
	"context"
	"encoding/json"
	"slices"

	"kingsnake/internal/registry"
)

// searchTables are made of others: they are learned anew where records are copied to.
func searchTables() []string {
	return []string{"search_words", "search_suffixes", "search_packages", "search_texts", "search_pending", "search_gone"}
}

// learnAll queues all packages to be learned.
const learnAll = `INSERT INTO search_pending (artifact_id) SELECT id FROM artifacts WHERE file_count > 0`

// unlearned is a package whose words are not those that are noted.
type unlearned struct {
	id, channel int64
	// texts are what is searched, nothing for a package that is not offered or gone.
	texts []string
	// noted are the numbers of the words that are noted.
	noted []int64
}

// WordsToLearn tells whether the words of packages changed since they were last learned.
func (s *Store) WordsToLearn(ctx context.Context) (there bool, err error) {
	err = s.reader.row(ctx, `SELECT EXISTS (SELECT 1 FROM search_pending) OR EXISTS (SELECT 1 FROM search_gone)`).Scan(&there)
	return there, s.translate(err)
}

// LearnWords notes the words of packages that changed, so many at a time. It takes the same few statements for however many
// packages, since uploads wait meanwhile.
func (s *Store) LearnWords(ctx context.Context, tx registry.Tx, limit int) error {
	for _, table := range []string{"search_pending", "search_gone"} {
		list, err := s.unlearned(ctx, tx, table, limit)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			continue
		}
		if err := s.learn(ctx, tx, list); err != nil {
			return s.translate(err)
		}
		ids := make([]int64, len(list))
		for i, u := range list {
			ids[i] = u.id
		}
		if _, err := s.q(tx).exec(ctx, `DELETE FROM `+table+` WHERE `+s.d.among("artifact_id", s.d.numbers("$1")), jsonList(ids)); err != nil {
			return s.translate(err)
		}
		limit -= len(list)
	}
	return nil
}

func (s *Store) unlearned(ctx context.Context, tx registry.Tx, table string, limit int) ([]unlearned, error) {
	rows, err := s.q(tx).query(ctx, `SELECT p.artifact_id, COALESCE(a.channel_id, t.channel_id, 0), LOWER(COALESCE(a.name, '')), LOWER(COALESCE(a.summary, '')),
			COALESCE(a.file_count, 0), COALESCE(t.words, '[]')
		FROM `+table+` p LEFT JOIN artifacts a ON a.id = p.artifact_id LEFT JOIN search_texts t ON t.artifact_id = p.artifact_id
		ORDER BY p.artifact_id LIMIT $1`, limit)
	return collect(s, rows, err, func(r scanner) (u unlearned, err error) {
		var name, summary, noted string
		var files int64
		if err := r.Scan(&u.id, &u.channel, &name, &summary, &files, &noted); err != nil {
			return u, err
		}
		if files > 0 {
			u.texts = []string{name, summary}
		}
		return u, json.Unmarshal([]byte(noted), &u.noted)
	})
}

// learn notes the words of packages, and forgets those that they had and have no more.
func (s *Store) learn(ctx context.Context, tx registry.Tx, list []unlearned) error {
	numbers, err := s.wordNumbers(ctx, tx, list)
	if err != nil {
		return err
	}
	var fresh, stale, noted []any
	var emptied, dropped []int64
	without := func(list, other []int64) []int64 {
		return slices.DeleteFunc(slices.Clone(list), func(n int64) bool { return slices.Contains(other, n) })
	}
	for i, u := range list {
		for _, n := range without(numbers[i], u.noted) {
			fresh = append(fresh, []int64{n, u.channel, u.id})
		}
		gone := without(u.noted, numbers[i])
		for _, n := range gone {
			stale = append(stale, []int64{n, u.channel, u.id})
		}
		dropped = append(dropped, gone...)
		if len(numbers[i]) == 0 {
			emptied = append(emptied, u.id)
		} else {
			noted = append(noted, []any{u.id, u.channel, jsonList(numbers[i])})
		}
	}
	if err := s.inPieces(ctx, tx, `INSERT INTO search_packages (word_id, channel_id, artifact_id) `+
		s.d.table("$1", kindInt, kindInt, kindInt), fresh); err != nil {
		return err
	}
	if err := s.forgetWords(ctx, tx, stale, dropped); err != nil {
		return err
	}
	if len(emptied) > 0 {
		if _, err := s.q(tx).exec(ctx, `DELETE FROM search_texts WHERE `+s.d.among("artifact_id", s.d.numbers("$1")), jsonList(emptied)); err != nil {
			return err
		}
	}
	return s.inPieces(ctx, tx, `INSERT INTO search_texts (artifact_id, channel_id, words) SELECT c1, c2, c3
		FROM (`+s.d.table("$1", kindInt, kindInt, kindText)+`) AS noted WHERE TRUE
		ON CONFLICT (artifact_id) DO UPDATE SET words = excluded.words`, noted)
}

// forgetWords notes that packages have some words no more, and forgets those that no package has.
func (s *Store) forgetWords(ctx context.Context, tx registry.Tx, stale []any, words []int64) error {
	if len(stale) == 0 {
		return nil
	}
	if err := s.inPieces(ctx, tx, `DELETE FROM search_packages WHERE (word_id, channel_id, artifact_id) IN (`+
		s.d.table("$1", kindInt, kindInt, kindInt)+`)`, stale); err != nil {
		return err
	}
	slices.Sort(words)
	rows, err := s.q(tx).query(ctx, `DELETE FROM search_words WHERE `+s.d.among("id", s.d.numbers("$1"))+`
		AND NOT EXISTS (SELECT 1 FROM search_packages p WHERE p.word_id = search_words.id) RETURNING id, word`, jsonList(slices.Compact(words)))
	unused, err := collect(s, rows, err, scanWord)
	if err != nil {
		return err
	}
	return s.inPieces(ctx, tx, `DELETE FROM search_suffixes WHERE (suffix, word_id) IN (`+s.d.table("$1", kindText, kindInt)+`)`, suffixRows(unused))
}

// piece bounds how many rows one statement is given.
const piece = 2000

// inPieces runs a statement that takes rows on some of them at a time.
func (s *Store) inPieces(ctx context.Context, tx registry.Tx, statement string, rows []any) error {
	for some := range slices.Chunk(rows, piece) {
		if _, err := s.q(tx).exec(ctx, statement, jsonList(some)); err != nil {
			return err
		}
	}
	return nil
}

// numberedWord is a word with its number.
type numberedWord struct {
	id   int64
	word string
}

func scanWord(r scanner) (w numberedWord, err error) { err = r.Scan(&w.id, &w.word); return w, err }

// suffixRows are the rows that words have among the suffixes.
func suffixRows(words []numberedWord) (rows []any) {
	for _, w := range words {
		for _, suffix := range suffixesOf(w.word) {
			rows = append(rows, []any{suffix, w.id})
		}
	}
	return rows
}

// wordNumbers gives the numbers of the words of each package, in order; 0 for texts that words cannot stand for. New words
// are given one.
func (s *Store) wordNumbers(ctx context.Context, tx registry.Tx, list []unlearned) ([][]int64, error) {
	words, all := make([][]string, len(list)), []string(nil)
	for i, u := range list {
		words[i] = u.words()
		all = append(all, words[i]...)
	}
	slices.Sort(all)
	known, err := s.numberWords(ctx, tx, slices.Compact(all))
	if err != nil {
		return nil, err
	}
	numbers := make([][]int64, len(list))
	for i := range list {
		if words[i] == nil && len(list[i].texts) > 0 {
			numbers[i] = []int64{0}
			continue
		}
		for _, w := range words[i] {
			numbers[i] = append(numbers[i], known[w])
		}
		slices.Sort(numbers[i])
	}
	return numbers, nil
}

// words gives the different words of a package, nil where its texts cannot be told by words.
func (u unlearned) words() []string {
	words := []string{}
	for _, text := range u.texts {
		some, whole := wordsOf(text)
		if !whole {
			return nil
		}
		words = append(words, some...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// numberWords gives the numbers of words.
func (s *Store) numberWords(ctx context.Context, tx registry.Tx, words []string) (map[string]int64, error) {
	if len(words) == 0 {
		return map[string]int64{}, nil
	}
	numbers, err := s.knownWords(ctx, tx, words)
	if err != nil {
		return nil, err
	}
	words = slices.DeleteFunc(words, func(word string) bool { return numbers[word] != 0 })
	if len(words) == 0 {
		return numbers, nil
	}
	rows, err := s.q(tx).query(ctx, `INSERT INTO search_words (word) `+s.d.texts("$1")+` RETURNING id, word`, jsonList(words))
	made, err := collect(s, rows, err, scanWord)
	if err != nil {
		return nil, err
	}
	for _, w := range made {
		numbers[w.word] = w.id
	}
	return numbers, s.inPieces(ctx, tx, `INSERT INTO search_suffixes (suffix, word_id) `+s.d.table("$1", kindText, kindInt), suffixRows(made))
}

// knownWords gives the numbers of those of some words that have one.
func (s *Store) knownWords(ctx context.Context, tx registry.Tx, words []string) (map[string]int64, error) {
	rows, err := s.q(tx).query(ctx, `SELECT id, word FROM search_words WHERE `+s.d.among("word", s.d.texts("$1")), jsonList(words))
	known, err := collect(s, rows, err, scanWord)
	numbers := make(map[string]int64, len(words))
	for _, w := range known {
		numbers[w.word] = w.id
	}
	return numbers, err
}
