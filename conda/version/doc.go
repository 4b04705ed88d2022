// Package version parses conda version literals and puts them in conda's order.
//
// The order is that of CEP 33 (https://github.com/conda/ceps/blob/main/cep-0033.md) as conda implements it. A version
// is an optional epoch ("1!"), a main part and an optional local part ("+1.2"). Parts are split into segments at '.'
// and '_', segments into runs of digits and runs of letters. Numbers compare as integers of any size, letters compare
// as text and sort below numbers, "dev" sorts below all other letters and "post" above all numbers, and whatever is
// missing counts as 0, so that 1.0 and 1.0.0 are equal:
//
//	1.0dev1 < 1.0_ < 1.0a1 < 1.0rc1 < 1.0 == 1.0.0 < 1.0.1 < 1.0post1 < 1!0.1
//
// [Version.SortKey] turns the order into bytes, so that a database can sort versions that it does not understand.
//
// # Where implementations differ
//
// Conda itself and the CEP decide. Rattler, and through it pixi and py-rattler, deviates from them in these points,
// each of which a test checks against the library:
//
//   - A trailing underscore belongs to the letters before it (1.0a_ ends in the text "a_", which is above "a"). Rattler
//     makes it a component of its own, so that 1.0a_ is below 1.0a, and lets 1.0dev_ and 1.0post_ keep the special
//     meaning of dev and post, which conda does not.
//   - A trailing underscore in the local part (1.0+a_) leaves an empty segment and is refused. Rattler accepts it.
//   - Numbers of any size are compared exactly, as by conda. Rattler refuses those above 2^64-1; the CEP asks authors
//     to stay below 2^31.
//   - A literal of more than 64 bytes is refused, as CEP 26 demands. Rattler has no such limit, and neither has conda.
//
// This package is stricter than conda in refusing what CEP 33 rules out and no client but conda reads: surrounding
// white space, '*' in a literal, and a version that is nothing but an underscore.
//
// [Version.HasPrefix] and [Version.Compatible] answer the two questions of version specs that the order alone does not.
// Specs such as ">=1.2,<2" themselves are out of scope: see package matchspec.
package version
