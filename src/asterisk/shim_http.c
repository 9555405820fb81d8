/*
 * The part of http.rs that only C can write: the inside of a connection, and Asterisk's growing
 * strings. Where a macro is around a function of the host, it is called here.
 */
#include <asterisk.h>

#include <asterisk/http.h>
#include <asterisk/module.h>
#include <asterisk/netsock2.h>
#include <asterisk/strings.h>
#include <asterisk/tcptls.h>

/* Whose request it is: an address without port, good until this thread asks again. */
const char *rust_ivr_http_peer(const struct ast_tcptls_session_instance *connection)
{
	return ast_sockaddr_stringify_addr(&connection->remote_address);
}

/* While a request is answered the module is in use, as it is during a call. */
void rust_ivr_module_hold(void)
{
	ast_module_ref(AST_MODULE_SELF_SYM());
}

void rust_ivr_module_release(void)
{
	ast_module_unref(AST_MODULE_SELF_SYM());
}

/* Sends a response whose body is the text, or the file when there is no text. `headers` are whole
 * lines. The file stays the caller's. */
void rust_ivr_http_send(struct ast_tcptls_session_instance *connection, int method, int status,
	const char *title, const char *headers, const char *text, int file)
{
	struct ast_str *header_lines = ast_str_create(strlen(headers) + 1);
	struct ast_str *body = text ? ast_str_create(strlen(text) + 1) : NULL;

	if (!header_lines || (text && !body)) {
		ast_free(header_lines);
		ast_free(body);
		ast_http_request_close_on_completion(connection);
		ast_http_error(connection, 500, "Server Error", "Out of memory");
		return;
	}
	ast_str_set(&header_lines, 0, "%s", headers);
	if (text) {
		ast_str_set(&body, 0, "%s", text);
	}
	ast_http_send(connection, method, status, title, header_lines, body, text ? 0 : file, 0);
}
