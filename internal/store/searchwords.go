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

// LearnWords notes the words of packages that changed, so many at a time.
func (s *Store) LearnWords(ctx context.Context, tx registry.Tx, limit int) error {
	for _, table := range []string{"search_pending", "search_gone"} {
		list, err := s.unlearned(ctx, tx, table, limit)
		if err != nil {
			return err
		}
		ids := make([]int64, len(list))
		for i, u := range list {
			if err := s.learn(ctx, tx, u); err != nil {
				return s.translate(err)
			}
			ids[i] = u.id
		}
		if _, err := s.q(tx).exec(ctx, `DELETE FROM `+table+` WHERE artifact_id IN (`+s.d.numbers("$1")+`)`, jsonList(ids)); err != nil {
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

// learn notes the words of one package, and forgets those that it had and has no more.
func (s *Store) learn(ctx context.Context, tx registry.Tx, u unlearned) error {
	words, err := s.wordNumbers(ctx, tx, u.texts)
	if err != nil {
		return err
	}
	without := func(list, other []int64) []int64 {
		return slices.DeleteFunc(slices.Clone(list), func(n int64) bool { return slices.Contains(other, n) })
	}
	if fresh := without(words, u.noted); len(fresh) > 0 {
		_, err := s.q(tx).exec(ctx, `INSERT INTO search_packages (word_id, channel_id, artifact_id)
			SELECT n.value, CAST($2 AS BIGINT), CAST($3 AS BIGINT) FROM (`+s.d.numbers("$1")+`) n`, jsonList(fresh), u.channel, u.id)
		if err != nil {
			return err
		}
	}
	if stale := without(u.noted, words); len(stale) > 0 {
		if err := s.forgetWords(ctx, tx, u, stale); err != nil {
			return err
		}
	}
	if len(words) == 0 {
		_, err = s.q(tx).exec(ctx, `DELETE FROM search_texts WHERE artifact_id = $1`, u.id)
		return err
	}
	_, err = s.q(tx).exec(ctx, `INSERT INTO search_texts (artifact_id, channel_id, words) VALUES ($1, $2, $3)
		ON CONFLICT (artifact_id) DO UPDATE SET words = excluded.words`, u.id, u.channel, jsonList(words))
	return err
}

// forgetWords notes that a package has some words no more, and forgets those that no package has.
func (s *Store) forgetWords(ctx context.Context, tx registry.Tx, u unlearned, stale []int64) error {
	_, err := s.q(tx).exec(ctx, `DELETE FROM search_packages WHERE word_id IN (`+s.d.numbers("$1")+`) AND channel_id = $2 AND artifact_id = $3`,
		jsonList(stale), u.channel, u.id)
	if err != nil {
		return err
	}
	rows, err := s.q(tx).query(ctx, `DELETE FROM search_words WHERE id IN (`+s.d.numbers("$1")+`)
		AND NOT EXISTS (SELECT 1 FROM search_packages p WHERE p.word_id = search_words.id) RETURNING id, word`, jsonList(stale))
	unused, err := collect(s, rows, err, scanWord)
	if err != nil {
		return err
	}
	for _, w := range unused {
		_, err := s.q(tx).exec(ctx, `DELETE FROM search_suffixes WHERE word_id = $1 AND suffix IN (`+s.d.texts("$2")+`)`, w.id, jsonList(suffixesOf(w.word)))
		if err != nil {
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

// wordNumbers gives the numbers of the words of texts, which new words are given, in order; 0 for texts that words cannot
// stand for.
func (s *Store) wordNumbers(ctx context.Context, tx registry.Tx, texts []string) ([]int64, error) {
	var words []string
	for _, text := range texts {
		some, whole := wordsOf(text)
		if !whole {
			return []int64{0}, nil
		}
		words = append(words, some...)
	}
	slices.Sort(words)
	if words = slices.Compact(words); len(words) == 0 {
		return nil, nil
	}
	rows, err := s.q(tx).query(ctx, `SELECT id, word FROM search_words WHERE word IN (`+s.d.texts("$1")+`)`, jsonList(words))
	known, err := collect(s, rows, err, scanWord)
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, w := range known {
		numbers = append(numbers, w.id)
		words = slices.DeleteFunc(words, func(word string) bool { return word == w.word })
	}
	for _, word := range words {
		id, err := s.newWord(ctx, tx, word)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, id)
	}
	slices.Sort(numbers)
	return numbers, nil
}

func (s *Store) newWord(ctx context.Context, tx registry.Tx, word string) (id int64, err error) {
	if err := s.q(tx).row(ctx, `INSERT INTO search_words (word) VALUES ($1) RETURNING id`, word).Scan(&id); err != nil {
		return 0, err
	}
	_, err = s.q(tx).exec(ctx, `INSERT INTO search_suffixes (suffix, word_id) SELECT n.value, CAST($2 AS BIGINT) FROM (`+s.d.texts("$1")+`) n`,
		jsonList(suffixesOf(word)), id)
	return id, err
}
