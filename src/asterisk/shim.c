/*
 * The part of the border that only C can write: the module's registration, which is
 * a macro with a constructor in it, and wrappers for macros and inline functions.
 * No logic here.
 */
#include <asterisk.h>

#include <asterisk/astobj2.h>
#include <asterisk/channel.h>
#include <asterisk/config.h>
#include <asterisk/format.h>
#include <asterisk/format_cache.h>
#include <asterisk/frame.h>
#include <asterisk/logger.h>
#include <asterisk/module.h>
#include <asterisk/options.h>

/* src/asterisk/entry.rs */
int rust_ivr_load(void);
int rust_ivr_unload(void);
int rust_ivr_reload(void);

struct ast_module *rust_ivr_self(void)
{
	return AST_MODULE_SELF_SYM();
}

int rust_ivr_debug_enabled(int level)
{
	return DEBUG_ATLEAST(level);
}

void rust_ivr_channel_lock(struct ast_channel *chan)
{
	ast_channel_lock(chan);
}

void rust_ivr_channel_unlock(struct ast_channel *chan)
{
	ast_channel_unlock(chan);
}

/* The caller's number, or an empty string. The channel must be locked until it is copied. */
const char *rust_ivr_caller_number(struct ast_channel *chan)
{
	const struct ast_party_number *number = &ast_channel_caller(chan)->id.number;

	return S_COR(number->valid, number->str, "");
}

/* Formats are reference counted objects. */
void rust_ivr_format_ref(struct ast_format *format)
{
	ao2_bump(format);
}

void rust_ivr_format_unref(struct ast_format *format)
{
	ao2_cleanup(format);
}

/* Missing, unchanged and invalid files come back as constants, not as pointers to free. */
int rust_ivr_config_is_missing(const struct ast_config *config)
{
	return config == CONFIG_STATUS_FILEMISSING;
}

int rust_ivr_config_is_invalid(const struct ast_config *config)
{
	return config == CONFIG_STATUS_FILEINVALID;
}

/* Writes one frame of signed linear sound; the samples stay the caller's. */
int rust_ivr_write_slin(struct ast_channel *chan, const int16_t *samples, int count)
{
	struct ast_frame frame = {
		.frametype = AST_FRAME_VOICE,
		.subclass.format = ast_format_slin,
		.data.ptr = (void *) samples,
		.datalen = count * (int) sizeof(*samples),
		.samples = count,
		.src = "res_rust_ivr",
	};

	return ast_write(chan, &frame);
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "Menus and third parties out of a database",
	.support_level = AST_MODULE_SUPPORT_EXTENDED,
	.load = rust_ivr_load,
	.unload = rust_ivr_unload,
	.reload = rust_ivr_reload,
	.load_pri = AST_MODPRI_DEFAULT,
);
