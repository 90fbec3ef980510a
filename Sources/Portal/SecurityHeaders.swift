/// What every answer of a face tells the browser: nothing from elsewhere, no script and no style in
/// the page itself, no frame around it, nobody told where the reader came from.
public enum SecurityHeaders {
    /// The Content-Security-Policy.
    public static let policy = policyInPage + "; frame-ancestors 'none'"

    /// The part of it that also a page can say, where a static host sets no headers.
    static let policyInPage = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        "connect-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'",
    ].joined(separator: "; ")

    /// The fields, by name.
    public static let all: [(name: String, value: String)] = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        (
            "Permissions-Policy",
            [
                "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation",
                "gyroscope", "magnetometer", "microphone", "midi", "payment",
                "publickey-credentials-get", "screen-wake-lock", "serial", "usb",
            ].map { "\($0)=()" }.joined(separator: ", ")
        ),
    ]
}
