package cli

// scriptDeps is what the program in the scripts is made of.
func scriptDeps() Deps { return Deps{} }
