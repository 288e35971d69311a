package stillframe

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// What a name holds that stands for a secret, or for whose request it was (S5). It errs on the side of silence:
// author_id is left out as well.
var secretPart = regexp.MustCompile(
	"auth|token|secret|password|passwd|pwd|passphrase|key|jwt|bearer|sso|saml|csrf|xsrf|credential|session" +
		"|sid|identity|cookie|clientcert|sslcert|signature|forwarded|realip|clientip|connectingip",
)

// The user-info of a URL, and a parameter in its query, fragment or path.
var (
	userInfo  = regexp.MustCompile(`//[^/?#\s]*@`)
	parameter = regexp.MustCompile(`[?&;#]\s*([^=?&;#\s]+)=`)
)

// Sensitive says whether a header or parameter of this name may hold a secret, in whatever spelling.
func Sensitive(name string) bool {
	plain := strings.Map(func(letter rune) rune {
		if unicode.IsLetter(letter) || unicode.IsDigit(letter) {
			return unicode.ToLower(letter)
		}
		return -1
	}, norm.NFKC.String(name))
	return secretPart.MatchString(plain)
}

// withoutSecrets takes user-info and the values of sensitive parameters out of the URLs in a text.
func withoutSecrets(text string) string {
	text = userInfo.ReplaceAllString(text, "//")
	var kept strings.Builder
	copied := 0
	for _, found := range parameter.FindAllStringSubmatchIndex(text, -1) {
		end := found[1]
		if found[0] < copied || !Sensitive(unescaped(text[found[2]:found[3]])) {
			continue
		}
		kept.WriteString(text[copied:end])
		copied = len(text)
		if rest := strings.IndexAny(text[end:], "&#"); rest >= 0 {
			copied = end + rest
		}
	}
	return kept.String() + text[copied:]
}

// unescaped decodes a part of a query; what is escaped wrongly stays as it is.
func unescaped(text string) string {
	if decoded, err := url.QueryUnescape(text); err == nil {
		return decoded
	}
	return text
}
