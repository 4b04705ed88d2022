// Package browser tests the pages in Chromium: what people do there step by step, whether axe-core finds anything that
// keeps somebody out, and what each page looks like (make screenshots). It holds nothing but tests.
package browser
