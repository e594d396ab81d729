/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/floor_mail.h"

#include <stdlib.h>
#include <string.h>

/* 50 characters and the end of the line. */
static const char line[] = "There is an outage of our service in your town.   \r\n";
static const char header[] = "From: <notices@bank.example>\r\nTo: <customer@example.net>\r\n"
                             "Subject: Outage\r\n\r\n";

struct floor_mail_upload {
    const struct floor_mail *mail;
    size_t at;
};

static size_t on_read(char *to, size_t size, size_t count, void *arg)
{
    struct floor_mail_upload *upload = arg;
    size_t room = size * count;
    size_t left = upload->mail->size - upload->at;
    size_t len = left < room ? left : room;
    memcpy(to, upload->mail->message + upload->at, len);
    upload->at += len;
    return len;
}

static void prepare(void *arg, CURL *easy, unsigned i)
{
    struct floor_mail *mail = arg;
    mail->uploads[i].mail = mail;
    curl_easy_setopt(easy, CURLOPT_URL, mail->url);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, "<notices@bank.example>");
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, mail->to);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE, (long)mail->size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, &mail->uploads[i]);
}

static void again(void *arg, unsigned i)
{
    struct floor_mail *mail = arg;
    mail->uploads[i].at = 0;
}

void floor_mail_init(struct floor_mail *mail, const char *url, unsigned connections, size_t size)
{
    *mail = (struct floor_mail){.url = url, .connections = connections};
    size_t room = size + sizeof(header) + sizeof(line);
    mail->message = malloc(room);
    mail->size = sizeof(header) - 1;
    memcpy(mail->message, header, mail->size);
    while (mail->size + sizeof(line) - 1 <= size) {
        memcpy(mail->message + mail->size, line, sizeof(line) - 1);
        mail->size += sizeof(line) - 1;
    }
    mail->to = curl_slist_append(NULL, "<customer@example.net>");
    mail->uploads = calloc(connections, sizeof(struct floor_mail_upload));
}

void floor_mail_release(struct floor_mail *mail)
{
    curl_slist_free_all(mail->to);
    free(mail->uploads);
    free(mail->message);
}

struct curl_floor_figures floor_mail_run(struct floor_mail *mail, uint64_t count)
{
    struct curl_floor floor = {.count = count,
                               .connections = mail->connections,
                               .prepare = prepare,
                               .again = again,
                               .arg = mail};
    return curl_floor_run(&floor);
}
