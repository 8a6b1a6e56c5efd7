/* src/engine/temporal/tls.c - TLS over OpenSSL. */
#include "engine/temporal/tls.h"

#include "engine/temporal/tls_words.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PEM_MAX (4 * DS_MIB)

struct ds_tls {
    SSL_CTX *ctx;
    SSL *ssl;
    char *name; /* that is verified */
    bool shaken, failed;
};

/* ---- what is given as PEM, in a file or as text ---------------------------------------------- */

typedef struct pem { /* one of the two, or neither */
    const char *what;
    const char *file;
    const ds_secret *data;
} pem;

static bool is_there(const pem *p)
{
    return p->file || p->data;
}

static BIO *pem_open(const pem *p, ds_err *err)
{
    const char *text = ds_secret_reveal(p->data);
    BIO *bio = text ? BIO_new_mem_buf(text, -1) : BIO_new_file(p->file, "r");

    if (!bio)
        ds_fail(err, DS_ERR_CONFIG, "%s %s cannot be read: %s", p->what, p->file ? p->file : "",
                strerror(errno));
    return bio;
}

static bool pem_fail(const pem *p, const char *holds, ds_err *err)
{
    ERR_clear_error();
    return ds_fail(err, DS_ERR_CONFIG, "%s%s%s holds no %s in PEM form", p->what,
                   p->file ? " " : "", p->file ? p->file : "", holds);
}

/* A key that wants a passphrase: nobody is there to type it. */
static int no_passphrase(char *out, int n, int writing, void *to)
{
    (void)out;
    (void)n;
    (void)writing;
    *(bool *)to = true;
    return -1;
}

static bool use_roots(SSL_CTX *ctx, const pem *p, ds_err *err)
{
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    BIO *bio;
    X509 *cert;
    int n = 0;

    if (!is_there(p))
        return SSL_CTX_set_default_verify_paths(ctx) == 1 ||
               ds_fail(
                   err, DS_ERR_CONFIG,
                   "the system's certificate authorities cannot be read: install ca-certificates, "
                   "or set tls.server_ca_cert_path");
    bio = pem_open(p, err);
    if (!bio)
        return false;
    for (; (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
        (void)X509_STORE_add_cert(store, cert); /* one that is there twice is no harm */
        X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return n || pem_fail(p, "certificate", err);
}

/* Our own certificate, and behind it what it is signed by. */
static bool use_certificate(SSL_CTX *ctx, const pem *p, ds_err *err)
{
    BIO *bio = pem_open(p, err);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    bool fine = cert && SSL_CTX_use_certificate(ctx, cert) == 1;

    if (bio && !fine)
        pem_fail(p, "certificate", err);
    X509_free(cert);
    while (fine && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1)
            X509_free(cert);
    }
    BIO_free(bio);
    ERR_clear_error();
    return fine;
}

static bool use_key(SSL_CTX *ctx, const pem *p, ds_err *err)
{
    bool locked = false, fine;
    BIO *bio = pem_open(p, err);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &locked) : NULL;

    BIO_free(bio);
    if (!bio)
        return false;
    ERR_clear_error();
    if (locked)
        return ds_fail(err, DS_ERR_CONFIG,
                       "%s is locked by a passphrase: write it without one, readable by this user "
                       "alone",
                       p->what);
    if (!key)
        return pem_fail(p, "private key", err);
    fine = SSL_CTX_use_PrivateKey(ctx, key) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    return fine ||
           ds_fail(err, DS_ERR_CONFIG, "%s is not the key of the client certificate", p->what);
}

static bool use_own(SSL_CTX *ctx, const ds_grpc_options *o, ds_err *err)
{
    pem cert = {"the client certificate", o->cert_file, o->cert_data};
    pem key = {"the client key", o->key_file, o->key_data};

    if (!is_there(&cert) && !is_there(&key))
        return true;
    if (is_there(&cert) != is_there(&key))
        return ds_fail(err, DS_ERR_CONFIG, "%s is given without %s",
                       is_there(&cert) ? cert.what : key.what,
                       is_there(&cert) ? "its key" : "its certificate");
    return use_certificate(ctx, &cert, err) && use_key(ctx, &key, err);
}

static SSL_CTX *new_context(const ds_grpc_options *o, ds_err *err)
{
    pem roots = {"the CA file", o->ca_file, o->ca_data};
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
        ds_out_of_memory(0);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(ctx, o->no_verify ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if (use_roots(ctx, &roots, err) && use_own(ctx, o, err))
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

bool ds_tls_check(const ds_grpc_options *options, ds_err *err)
{
    SSL_CTX *ctx = new_context(options, err);

    SSL_CTX_free(ctx);
    return ctx;
}

/* ---- one connection -------------------------------------------------------------------------- */

static bool is_literal(const char *host)
{
    unsigned char raw[16];

    return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

/* Not const: OpenSSL's macro takes it so. */
static bool set_name(SSL *ssl, char *name)
{
    if (is_literal(name))
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, name) == 1 && SSL_set1_host(ssl, name) == 1;
}

ds_tls *ds_tls_new(const ds_grpc_options *options, const char *host, int fd, ds_err *err)
{
    static const unsigned char h2[] = {2, 'h', '2'};
    const char *name = options->server_name ? options->server_name : host;
    SSL_CTX *ctx = new_context(options, err);
    DS_AUTO(ds_tls) tls = ds_calloc(1, sizeof(*tls));

    tls->ctx = ctx;
    tls->name = ds_strdup(name);
    if (!ctx)
        return NULL;
    tls->ssl = SSL_new(ctx);
    if (!tls->ssl || SSL_set_alpn_protos(tls->ssl, h2, sizeof(h2)) || !SSL_set_fd(tls->ssl, fd))
        ds_out_of_memory(0);
    if (!set_name(tls->ssl, tls->name)) {
        ds_fail(err, DS_ERR_CONFIG, "no certificate can be for the name \"%s\"", name);
        return NULL;
    }
    SSL_set_connect_state(tls->ssl);
    return DS_TAKE(&tls);
}

void ds_tls_free(ds_tls *tls)
{
    if (!tls)
        return;
    if (tls->shaken && !tls->failed)
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    SSL_free(tls->ssl);
    SSL_CTX_free(tls->ctx);
    free(tls->name);
    free(tls);
}

/* What OpenSSL's answer means; `err` only where it failed. */
static ds_tls_step step(ds_tls *tls, int result, ds_err *err)
{
    int failed_as = errno;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return DS_TLS_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return DS_TLS_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN:
        return DS_TLS_CLOSED;
    case SSL_ERROR_SYSCALL:
        tls->failed = true;
        if (!ERR_peek_error() && tls->shaken && failed_as != ECONNRESET && failed_as != EPIPE)
            return DS_TLS_CLOSED;
        break;
    default:
        tls->failed = true;
        break;
    }
    ds_tls_fail(err, tls->ssl, tls->name, failed_as);
    return DS_TLS_FAILED;
}

static bool speaks_h2(const SSL *ssl)
{
    const unsigned char *chosen;
    unsigned n;

    SSL_get0_alpn_selected(ssl, &chosen, &n);
    return n == 2 && !memcmp(chosen, "h2", 2);
}

ds_tls_step ds_tls_shake(ds_tls *tls, ds_err *err)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_do_handshake(tls->ssl);
    if (result != 1)
        return step(tls, result, err);
    tls->shaken = true;
    if (speaks_h2(tls->ssl))
        return DS_TLS_DONE;
    ds_fail(err, DS_ERR_CONFIG,
            "the server does not offer HTTP/2 over TLS (ALPN h2), which gRPC needs: is a proxy in "
            "between, or is this another port?");
    return DS_TLS_FAILED;
}

ds_tls_step ds_tls_read(ds_tls *tls, void *data, size_t most, size_t *n, ds_err *err)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_read_ex(tls->ssl, data, most, n);
    return result == 1 ? DS_TLS_DONE : step(tls, result, err);
}

ds_tls_step ds_tls_write(ds_tls *tls, const void *data, size_t n, size_t *written, ds_err *err)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_write_ex(tls->ssl, data, n, written);
    if (result == 1)
        return DS_TLS_DONE;
    /* Why it was closed may still be there to be read: a server that refuses our certificate says
     * so in an alert, and hangs up. */
    if (SSL_get_error(tls->ssl, result) == SSL_ERROR_SYSCALL && !ERR_peek_error())
        return DS_TLS_CLOSED;
    return step(tls, result, err);
}
