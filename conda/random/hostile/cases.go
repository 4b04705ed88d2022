package hostile

// Case is one package that must be refused.
type Case struct {
	// Name describes the attack or accident, in words fit for a subtest.
	Name string
	// Filename is the name under which the package is uploaded.
	Filename string
	// Bytes makes the package, the same bytes each time.
	Bytes func() []byte
	// WantCode is the code with which conda/pkgfile refuses it under its
	// default limits and with Limits.Now set to the present.
	WantCode string
	// ValidFilename and Valid are the package from which the case is derived;
	// it has to be accepted.
	ValidFilename string
	Valid         func() []byte
}

// mutation is how a case differs from the valid package.
type mutation struct {
	name   string
	code   string
	mutate func(*parts)
}

// Cases returns all cases, the .conda ones first. Their names are unique.
func Cases() []Case {
	var cases []Case
	for _, table := range [][]mutation{
		fileCases(), nameCases(), zipMemberCases(), zipHeaderCases(), zipExtraCases(), zipLayoutCases(), metadataCases(),
		zstdCases(), bombCases(), tarCases(), sectionCases(), pathCases(), linkCases(), typeCases(),
		indexSyntaxCases(), indexFieldCases(), identityCases(), aboutCases(), pathsCases(), runExportsCases(),
	} {
		for _, m := range table {
			cases = append(cases, m.build(false))
		}
	}
	for _, table := range [][]mutation{
		bz2FileCases(), tarCases(), pathCases(), linkCases(), typeCases(), bz2TarCases(),
		indexSyntaxCases(), indexFieldCases(), identityCases(),
	} {
		for _, m := range table {
			cases = append(cases, m.build(true))
		}
	}
	return cases
}

// build turns a mutation into a case of one of the formats.
func (m mutation) build(bz2 bool) Case {
	name := "conda/"
	if bz2 {
		name = "tar.bz2/"
	}
	// The file name has to be known without rendering the package, which may
	// be slow; all mutations of the name are cheap.
	valid, mutated := newParts(bz2), newParts(bz2)
	m.mutate(mutated)
	return Case{
		Name: name + m.name, Filename: mutated.filename, WantCode: m.code,
		ValidFilename: valid.filename,
		Valid:         func() []byte { return newParts(bz2).render() },
		Bytes: func() []byte {
			p := newParts(bz2)
			m.mutate(p)
			return p.render()
		},
	}
}
