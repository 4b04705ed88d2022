package browser

import (
	"bytes"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"kingsnake/internal/servertest"
)

// TestPicturesShowTheHeaderAtTheTop takes a picture of a page that is several windows high, and was scrolled before.
func TestPicturesShowTheHeaderAtTheTop(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := tabOf(t, s, "admin")
	b.visit("/-/settings")
	for _, width := range []int64{1280, 360} {
		b.size(width, 500)
		height := eval[int](b, `document.querySelector("header.top").style.background = "rgb(255, 0, 255)", document.documentElement.scrollHeight`)
		bottom := eval[float64](b, `document.querySelector("header.top").getBoundingClientRect().height`)
		if height < 1500 {
			t.Fatalf("the page is only %d high", height)
		}
		eval[bool](b, `scrollTo(0, 900), true`)
		file := filepath.Join(t.TempDir(), "page.png")
		b.picture(file)
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if got := img.Bounds().Dy(); got < height-2 {
			t.Errorf("%d wide: the picture is %d high, the page %d", width, got, height)
		}
		first, last := -1, -1
		for y := range img.Bounds().Dy() {
			if magenta(img.At(2, y)) {
				if first < 0 {
					first = y
				}
				last = y
			}
		}
		if first != 0 || float64(last) > bottom {
			t.Errorf("%d wide: the header of %v is from row %d to %d", width, bottom, first, last)
		}
		if got := eval[int](b, `innerHeight`); got != 500 {
			t.Errorf("after the picture the window is %d high, want 500 as before", got)
		}
	}
}

// magenta tells whether a pixel has the colour that nothing on a page has by itself.
func magenta(c color.Color) bool {
	r, g, b, _ := c.RGBA()
	return r>>8 > 240 && g>>8 < 16 && b>>8 > 240
}
