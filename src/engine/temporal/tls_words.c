/* src/engine/temporal/tls_words.c - why TLS failed, in words that say what to do. */
#include "engine/temporal/tls_words.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

static void date_text(const ASN1_TIME *at, char *out, size_t n)
{
    struct tm when;

    if (ASN1_TIME_to_tm(at, &when) != 1 || !strftime(out, n, "%Y-%m-%d %H:%M UTC", &when))
        strncpy(out, "?", n);
}

/* The certificate's time and ours do not go together: either may be wrong. */
static void fail_time(ds_err *err, SSL *ssl, bool expired)
{
    X509 *cert = SSL_get1_peer_certificate(ssl);
    char until[40] = "?", ours[40] = "?";
    time_t now = time(NULL);
    struct tm utc;

    if (cert)
        date_text(expired ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert), until,
                  sizeof(until));
    X509_free(cert);
    if (gmtime_r(&now, &utc))
        strftime(ours, sizeof(ours), "%Y-%m-%d %H:%M UTC", &utc);
    ds_fail(err, DS_ERR_CONFIG,
            "the server's certificate is valid %s %s, and this machine's clock says %s: %s",
            expired ? "until" : "from", until, ours,
            expired ? "it must be renewed, or the clock is wrong" : "is the clock right?");
}

static void fail_certificate(ds_err *err, SSL *ssl, const char *name, long why)
{
    switch (why) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        fail_time(err, ssl, why == X509_V_ERR_CERT_HAS_EXPIRED);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        ds_fail(err, DS_ERR_CONFIG,
                "the server's certificate is not for \"%s\": correct the address, or name what it "
                "is for in tls.server_name",
                name);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        ds_fail(err, DS_ERR_CONFIG,
                "the server's certificate is signed by nobody this machine trusts (%s): name its "
                "authority in tls.server_ca_cert_path",
                X509_verify_cert_error_string(why));
        break;
    default:
        ds_fail(
            err, DS_ERR_CONFIG,
            "the server's certificate cannot be trusted: %s; it must be made anew, or this machine "
            "does not know all of its authorities: tls.server_ca_cert_path",
            X509_verify_cert_error_string(why));
        break;
    }
}

/* An alert is the other side's word. */
static const char *alert_words(int reason)
{
    switch (reason) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        return "the server asks for a client certificate, or for ciphers that we do not have: set "
               "tls.client_cert_path and tls.client_key_path";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return "the server refused the client certificate: set tls.client_cert_path to one that is "
               "valid and signed by an authority that the server knows";
    case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
        return "the server does not offer HTTP/2 over TLS (ALPN h2), which gRPC needs: is a proxy "
               "in between, or is this another port?";
    case SSL_R_TLSV1_UNRECOGNIZED_NAME:
        return "the server does not know the name it was asked for: correct the address, or set "
               "tls.server_name";
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
        return "the server does not answer in TLS: does it speak plain text (tls: false)?";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "the server knows no TLS as new as 1.2: bring it up to date, or put a proxy that "
               "does before it";
    default:
        return NULL;
    }
}

static void fail_other(ds_err *err, unsigned long code)
{
    const char *words = ERR_GET_LIB(code) == ERR_LIB_SSL ? alert_words(ERR_GET_REASON(code)) : NULL;
    const char *reason = ERR_reason_error_string(code);

    if (words)
        ds_fail(err, DS_ERR_CONFIG, "%s", words);
    else
        ds_fail(err, DS_ERR_TRANSIENT, "TLS: %s", reason ? reason : "it failed");
}

void ds_tls_fail(ds_err *err, SSL *ssl, const char *name, int failed_as)
{
    unsigned long code = ERR_peek_error();
    long why = SSL_get_verify_result(ssl);

    if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED)
        fail_certificate(err, ssl, name, why);
    else if (code && !(ERR_GET_LIB(code) == ERR_LIB_SSL &&
                       ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING))
        fail_other(err, code);
    else if (!SSL_is_init_finished(ssl))
        ds_fail(err, DS_ERR_TRANSIENT,
                "the connection broke off in the TLS handshake%s%s: does the server speak plain "
                "text (tls: false)?",
                failed_as ? ": " : "", failed_as ? strerror(failed_as) : "");
    else
        ds_fail(err, DS_ERR_TRANSIENT, "the connection broke off: %s",
                failed_as ? strerror(failed_as) : "without TLS's goodbye");
    ERR_clear_error();
}
