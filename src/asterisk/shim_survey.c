/*
 * The part of the border that only C can write, for questions about the dialplan and for what the CLI
 * takes over (survey.rs, cli.rs).
 */
#include <asterisk.h>

#include <asterisk/pbx.h>
#include <asterisk/strings.h>
#include <asterisk/utils.h>

/* A copy that the host frees. */
char *rust_ivr_copy(const char *text)
{
	return ast_strdup(text);
}

/* A global variable, or an empty text. */
void rust_ivr_global(const char *name, char *value, int room)
{
	struct ast_str *found = ast_str_create(room);

	*value = '\0';
	if (found) {
		const char *text = ast_str_retrieve_variable(&found, room, NULL, NULL, name);

		ast_copy_string(value, S_OR(text, ""), room);
		ast_free(found);
	}
}

static int mentions(struct ast_context *context, const char *text)
{
	struct ast_exten *exten = NULL;

	while ((exten = ast_walk_context_extensions(context, exten))) {
		struct ast_exten *priority = NULL;

		while ((priority = ast_walk_extension_priorities(exten, priority))) {
			const char *data = ast_get_extension_app_data(priority);

			if (data && strstr(data, text)) {
				return 1;
			}
		}
	}
	return 0;
}

/* Whether some priority of the dialplan has this text in its arguments. */
int rust_ivr_dialplan_mentions(const char *text)
{
	struct ast_context *context = NULL;
	int found = 0;

	ast_rdlock_contexts();
	while (!found && (context = ast_walk_contexts(context))) {
		ast_rdlock_context(context);
		found = mentions(context, text);
		ast_unlock_context(context);
	}
	ast_unlock_contexts();
	return found;
}
