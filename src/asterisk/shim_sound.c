/*
 * The part of the border that only C can write, for sound: frames that the module makes, sound over
 * a bridge (whisper.rs), tones (tones.rs) and files that the host reads (sound_file.rs).
 */
#include <asterisk.h>

#include <asterisk/audiohook.h>
#include <asterisk/channel.h>
#include <asterisk/dsp.h>
#include <asterisk/file.h>
#include <asterisk/format.h>
#include <asterisk/format_cache.h>
#include <asterisk/frame.h>
#include <asterisk/translate.h>

static struct ast_frame slin_frame(int16_t *samples, int count)
{
	struct ast_frame frame = {
		.frametype = AST_FRAME_VOICE,
		.subclass.format = ast_format_slin,
		.data.ptr = samples,
		.datalen = count * (int) sizeof(*samples),
		.samples = count,
		.src = "res_rust_ivr",
	};

	return frame;
}

/* Writes one frame of signed linear sound. The samples stay the caller's, but audiohooks change them. */
int rust_ivr_write_slin(struct ast_channel *chan, int16_t *samples, int count)
{
	struct ast_frame frame = slin_frame(samples, count);

	return ast_write(chan, &frame);
}

/*
 * A sound over what the channel hears, to be ended by the next function. NULL: no memory. It is 8 kHz
 * because the hook does not say that it is compatible with more (main/audiohook.c:
 * audiohook_list_set_samplerate_compatibility). Hold no lock.
 */
struct ast_audiohook *rust_ivr_whisper(struct ast_channel *chan, int16_t *samples, int count)
{
	const int block = 160;
	struct ast_audiohook *hook = ast_calloc(1, sizeof(*hook));

	if (!hook) {
		return NULL;
	}
	if (ast_audiohook_init(hook, AST_AUDIOHOOK_TYPE_WHISPER, "res_rust_ivr", 0)) {
		ast_free(hook);
		return NULL;
	}
	/* In blocks, since a factory holds back 1280 samples of a frame at most and drops the rest. */
	for (; count > 0; samples += block, count -= block) {
		struct ast_frame frame = slin_frame(samples, MIN(count, block));

		ast_slinfactory_feed(&hook->write_factory, &frame);
	}
	if (ast_audiohook_attach(chan, hook)) {
		ast_audiohook_destroy(hook);
		ast_free(hook);
		return NULL;
	}
	return hook;
}

/* Runs on the channel's own thread, so nobody uses the hook now. Hold no lock. */
void rust_ivr_whisper_end(struct ast_channel *chan, struct ast_audiohook *hook)
{
	ast_audiohook_remove(chan, hook);
	ast_audiohook_destroy(hook);
	ast_free(hook);
}

/*
 * Asterisk's detector of DTMF in sound, as strict as for dtmf_mode = inband, which sets this
 * feature and nothing else (res/res_pjsip_session.c). NULL: no memory.
 */
struct ast_dsp *rust_ivr_tones_new(void)
{
	struct ast_dsp *detector = ast_dsp_new();

	if (detector) {
		ast_dsp_set_features(detector, DSP_FEATURE_DIGIT_DETECT);
		/* Nobody hears these frames: no tone needs to be taken out of them. */
		ast_dsp_set_digitmode(detector, DSP_DIGITMODE_DTMF | DSP_DIGITMODE_NOQUELCH);
	}
	return detector;
}

/*
 * The key whose tones end in a frame of G.711; 0: none. Other codecs garble tones, so they are not
 * listened to. The frame stays the caller's: main/dsp.c: ast_dsp_process frees what it is given
 * when it has found something, but nothing of a frame that is not on the heap.
 */
int rust_ivr_tones_hear(struct ast_dsp *detector, const struct ast_frame *frame)
{
	struct ast_frame heard = *frame;
	struct ast_frame *found;
	int key = 0;

	if (ast_format_cmp(frame->subclass.format, ast_format_alaw) != AST_FORMAT_CMP_EQUAL
		&& ast_format_cmp(frame->subclass.format, ast_format_ulaw) != AST_FORMAT_CMP_EQUAL) {
		return 0;
	}
	heard.mallocd = 0;
	AST_LIST_NEXT(&heard, frame_list) = NULL;
	found = ast_dsp_process(NULL, detector, &heard);
	if (found && found != &heard) {
		key = found->frametype == AST_FRAME_DTMF_END ? found->subclass.integer : 0;
		ast_frfree(found);
	}
	return key;
}

void rust_ivr_tones_free(struct ast_dsp *detector)
{
	ast_dsp_free(detector);
}

/* A sound file that Asterisk reads, and the way from its format to signed linear. */
struct rust_ivr_file {
	struct ast_filestream *stream;
	struct ast_trans_pvt *path;
};

void rust_ivr_file_close(struct rust_ivr_file *file)
{
	if (file->path) {
		ast_translator_free_path(file->path);
	}
	if (file->stream) {
		ast_closestream(file->stream);
	}
	ast_free(file);
}

/* stem: the path without its extension. */
struct rust_ivr_file *rust_ivr_file_open(const char *stem, const char *format)
{
	struct rust_ivr_file *file = ast_calloc(1, sizeof(*file));

	if (!file) {
		return NULL;
	}
	file->stream = ast_readfile(stem, format, NULL, O_RDONLY, 0, 0);
	if (!file->stream) {
		rust_ivr_file_close(file);
		return NULL;
	}
	return file;
}

/* The samples of the next frame; -1: the end; -2: no translator. */
int rust_ivr_file_read(struct rust_ivr_file *file, int16_t *samples, int room)
{
	struct ast_frame *frame = ast_readframe(file->stream);
	struct ast_frame *next;
	int count = 0;

	if (!frame) {
		return -1;
	}
	if (frame->frametype == AST_FRAME_VOICE
		&& ast_format_cmp(frame->subclass.format, ast_format_slin) != AST_FORMAT_CMP_EQUAL) {
		if (!file->path) {
			file->path = ast_translator_build_path(ast_format_slin, frame->subclass.format);
		}
		if (!file->path) {
			ast_frfree(frame);
			return -2;
		}
		frame = ast_translate(file->path, frame, 1);
	}
	for (next = frame; next; next = AST_LIST_NEXT(next, frame_list)) {
		int more = next->frametype == AST_FRAME_VOICE ? MIN(next->samples, room - count) : 0;

		if (more > 0) {
			memcpy(samples + count, next->data.ptr, more * sizeof(*samples));
			count += more;
		}
	}
	if (frame) {
		ast_frfree(frame);
	}
	return count;
}
