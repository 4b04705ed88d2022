// Package matchspec is the query language of conda packages: it parses specs such as "python >=3.12,<3.14", tells which
// records they match, and prints them in a canonical form.
//
// The language is that of CEP 29 (https://github.com/conda/ceps/blob/main/cep-0029.md) with the keys of CEP 43 (when),
// CEP 44 (extras) and CEP 45 (flags):
//
//	numpy                                    a package
//	numpy 1.26.4    numpy==1.26.4            one version of it
//	numpy=1.26      numpy 1.26.*             all that begin with 1.26
//	numpy >=1.24,<2|3.*                      ',' is "and" and binds tighter than '|'
//	numpy 1.26.4 py312_0    numpy=1.26.4=py312_0
//	team/dev/linux-64::numpy                 of a channel and a subdir
//	*[license='GPL*', build_number='>=2']    any field, '*' being any text
//	^(numpy|scipy)$                          a regular expression
//	https://example.org/team/noarch/demo-1.0-0.conda#<md5 or sha256:...>
//
// Text is compared without regard to the case of ASCII letters. Features match if the record has all that are named,
// flags likewise. A field that a record does not have matches nothing but "*". Numbers take a comparison
// (build_number='>=2'), which CEP 29 does not know but rattler does, as well as a pattern of their digits.
//
// # Bounds
//
// A spec has at most [MaxLength] bytes and [MaxNesting] nested parentheses. Regular expressions are Go's, which match
// in time linear in the text, have neither lookaround nor back-references (CEP 29 asks to refuse these), and are
// bounded in size. [Spec.Match] allocates nothing, except for patterns of numbers.
//
// # Choices
//
// Where CEP 29 is silent or contradicts all implementations, this package does the following:
//
//   - "!=1.2" excludes what equals 1.2 and not 1.2.3, as in conda, rattler and mamba. The CEP calls it a negated fuzzy
//     equality.
//   - "1.2.*" matches 1.2rc1: of the last segment only the components that the spec names are compared, and letters
//     as a whole, so that "1.0a*" does not match 1.0alpha.
//   - "==1.2.*" is the same as "1.2.*", as in the CEP's examples. With all other operators but "=" and "!=" a star is an
//     error, which [ParseLenient] forgives.
//   - The channel may be a name or a URL on either side. A name meets a URL whose path it is, on any host.
//   - The URL of a package becomes channel, subdir, name, version, build and file name, and the digest behind '#'. One
//     with credentials is refused, because specs are shown and stored.
//   - A key that is there twice, an unknown key, and a value that begins with '^' but does not end with '$' are errors.
//
// # Where rattler differs
//
// Tests compare this package with rattler and pin where it deviates from the CEP:
//
//   - It has no regular expressions and no stars inside of versions, and reads 2023.*.* as 2023.*.
//   - It reads "name =1.2 build", with a space before '=', as the exact version.
//   - It reads [version='==1.2.*'] and "==1.2.* build" as the exact version.
//   - It takes licenses for exact texts, whose case counts.
//   - In globs, '?' and '[...]' are special too.
//   - "~=" asks for an equal local part.
//   - In quoted values it knows no escapes.
//   - Its bare values may contain spaces, which here separate keys. A key may be there twice, the last one counting.
//   - Versions in brackets must not contain spaces. Outside they may end in a dot, and what
//     stands before '!' may be no number.
//   - It compares subdirs, channels, file names and URLs only for records of a type that has them all.
//
// # Out of scope
//
// Solving, and evaluating conditions ("when") and extras, which are about other packages than the one at hand.
// Configuration such as channel aliases and multichannels. The forms that CEP 29 drops: "@feature", parentheses behind
// the brackets, "[optional]" and "channel[subdir]::name". Specs without a name, as in the manifests of pixi; there
// is [ParseVersions] for their versions.
package matchspec
