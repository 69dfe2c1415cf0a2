-- A database as a program of version 0012 left it, made by its own commands, with made-up people.
-- A campaign is paused in its middle. Only the index of words is written as what makes it.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO alembic_version VALUES('0012');
CREATE TABLE approval (
	id INTEGER NOT NULL, 
	slug TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	"by" TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	revoked_at INTEGER, despite TEXT DEFAULT '' NOT NULL, warnings TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_approval PRIMARY KEY (id)
)
 STRICT

;
INSERT INTO approval VALUES(1,'library','a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','editor@forum.example','command',1795735980540,NULL,'','');
CREATE TABLE audit (
	number INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	CONSTRAINT pk_audit PRIMARY KEY (number)
)
 STRICT

;
INSERT INTO audit VALUES(1,1795735966305,'operator','import','people.yaml','14 new, 0 known, 0 suppressed; SHA-256 1c4c7d7c3a8606c9fd6fed7f2892142e2071fdb19a32ebcd64deea120b5f8724','451555a052b1486c8fe4bcac5674593ab4640273b3d5f33155c4f338a445f87a');
INSERT INTO audit VALUES(2,1795735971052,'operator','user','editor@forum.example','approver','8d40047650d76b3433ba8946ab0666a1892f1bbe46dc2f93eca91c5911b4e7d0');
INSERT INTO audit VALUES(3,1795735974373,'operator','user','admin@forum.example','admin','3ca66045d6a75e50365b63255602bc9886ba6121b74d1007ccbd91ba91da2d8c');
INSERT INTO audit VALUES(4,1795735977148,'admin@forum.example','suppress','subscriber','','1120fe0c47cd580c38bbff08aa5ab1ea72c8fe3531b39236a8bd8ecb939e3991');
INSERT INTO audit VALUES(5,1795735980542,'editor@forum.example','approve','library','a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597 by command','5362037cf41a3fc504da04b4e70546e1a98e5c52ddb6e7fac516a2fa89b2de3f');
INSERT INTO audit VALUES(6,1795735985277,'scheduler','schedule','library','campaign 1 of a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','c1334569d9d648299c5faf0806284b03985a203d02e26486bce7adcb65b17b91');
INSERT INTO audit VALUES(7,1795735985425,'scheduler','start','library','campaign 1 to 13 readers','59f2d172e9df4d1ed753f0a8b4ee54218e6aeadc59ef9372cfce21d47793140d');
INSERT INTO audit VALUES(8,1795735989561,'admin@forum.example','pause','library','campaign 1: paused by admin@forum.example','74cf12415def018842a442785cc6a303b51362602d822e1fc3d92f3a62522668');
CREATE TABLE content (
	digest TEXT NOT NULL, 
	document TEXT NOT NULL, 
	created_at INTEGER NOT NULL, 
	CONSTRAINT pk_content PRIMARY KEY (digest)
)
 STRICT

;
INSERT INTO content VALUES('a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','{"subject":"The library","html":"<!DOCTYPE html>\n<html lang=\"en\" dir=\"ltr\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no, url=no\">\n<meta name=\"x-apple-disable-message-reformatting\" content=\"\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>The library</title>\n<!--[if mso]>\n<noscript><xml xmlns:o=\"urn:schemas-microsoft-com:office:office\"><o:OfficeDocumentSettings><o:AllowPNG/><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript>\n<style type=\"text/css\">\ntable, td, th, p, li, address, h1, h2, h3, h4, pre {mso-line-height-rule: exactly;}\n</style>\n<![endif]-->\n<style data-premailer=\"ignore\">\n:root {color-scheme: light dark; supported-color-schemes: light dark;}\na[x-apple-data-detectors] {color: inherit !important; font: inherit !important; text-decoration: inherit !important;}\n@media (max-width: 599px) {\n.gutter {padding: 0 !important;}\n.test {padding: 10px 22px 0 !important;}\n.masthead {padding: 20px 22px 18px !important;}\n.notice {padding: 22px 22px 0 !important;}\n.body {padding: 24px 22px 14px !important;}\n.body h1 {font-size: 26px !important; line-height: 33px !important;}\n.press {padding: 0 22px 28px !important;}\n.footer {padding: 22px 22px 24px !important;}\n}\n@media (prefers-color-scheme: dark) {\n.page {background-color: #111417 !important;}\n.sheet {background-color: #1a1e22 !important; color: #e7e4de !important;}\n.test {border-color: #a6acb2 !important; color: #a6acb2 !important;}\n.masthead {background-color: #1a1e22 !important; border-top-color: #84c3d0 !important; border-bottom-color: #353b41 !important;}\n.name, .logo {color: #84c3d0 !important;}\n.tagline {color: #a6acb2 !important;}\n.marked {background-color: #111417 !important; border-color: #84c3d0 !important;}\n.label, .body .embargo {color: #84c3d0 !important;}\n.body .dateline, .body .dateline a, .body .caption, .body .notes, .body img {color: #a6acb2 !important;}\n.body a {color: #84c3d0 !important;}\n.body blockquote {border-color: #84c3d0 !important; color: #cfd2d4 !important;}\n.body th {border-color: #84c3d0 !important;}\n.body td, .body hr, .card {border-color: #353b41 !important;}\n.body .press-here {background-color: #84c3d0 !important;}\n.body .press-here a {color: #111417 !important;}\n.line a {color: #e7e4de !important;}\n.footer, .small a {color: #a6acb2 !important;}\n}\n</style>\n</head>\n<body class=\"page\" style=\"margin:0; padding:0; background-color:#f3f1ec\" bgcolor=\"#f3f1ec\">\n<div lang=\"en\" dir=\"ltr\">\n<div style=\"display:none;max-height:0;mso-hide:all\">About the library. ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌ ‌</div>\n<table role=\"presentation\" class=\"page frame\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"background-color:#f3f1ec; border-collapse:collapse; width:100%\" bgcolor=\"#f3f1ec\"><tbody><tr><td class=\"gutter\" align=\"center\" style=\"padding:28px 12px\">\n<!--[if mso]><table role=\"presentation\" align=\"center\" width=\"600\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tbody><tr><td><![endif]-->\n<table role=\"presentation\" class=\"column\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"max-width:600px; table-layout:fixed\"><tbody>\n<tr><td class=\"sheet masthead\" align=\"left\" style=''background-color:#ffffff; color:#22262b; font-family:Georgia, \"Times New Roman\", Times, serif; vertical-align:top; border-top:4px solid #17505c; border-bottom:1px solid #e0dfdb; padding:24px 36px 20px'' bgcolor=\"#ffffff\">\n<p class=\"name\" style=''margin:0; color:#17505c; font-family:Georgia, \"Times New Roman\", Times, serif; font-size:21px; font-weight:bold; line-height:27px''>Example Forum</p>\n<p class=\"tagline\" style=\"margin:4px 0 0; color:#5b6168; font-size:15px; font-style:italic; line-height:21px\">Practical answers</p>\n</td></tr>\n<tr><td class=\"sheet body\" align=\"left\" style=''background-color:#ffffff; color:#22262b; font-family:Georgia, \"Times New Roman\", Times, serif; vertical-align:top; padding:30px 36px 18px; font-size:17px; line-height:28px'' bgcolor=\"#ffffff\">\n<p class=\"dateline\" style=''margin:0 0 12px; color:#5b6168; font-family:\"Helvetica Neue\", Helvetica, Arial, sans-serif; font-size:13px; line-height:20px''><span>20 November 2026</span> · <a href=\"https://news.forum.example/archive/library\" style=\"color:#5b6168; text-decoration:underline\">Read on the web</a></p>\n<h1 style=''margin:0 0 24px; font-family:Georgia, \"Times New Roman\", Times, serif; font-size:30px; font-weight:bold; line-height:38px''>The library</h1>\n<p style=\"margin:0 0 18px\">The forum speaks about the library.</p>\n\n</td></tr>\n<tr><td class=\"sheet press\" align=\"left\" style=''background-color:#ffffff; color:#22262b; font-family:Georgia, \"Times New Roman\", Times, serif; vertical-align:top; padding:0 36px 32px'' bgcolor=\"#ffffff\">\n<table role=\"presentation\" class=\"frame\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse; width:100%\"><tbody><tr><td class=\"card\" align=\"left\" style=\"border-top:1px solid #e0dfdb; padding:20px 0 0\">\n<p class=\"label\" style=''margin:0 0 8px; color:#17505c; font-family:\"Helvetica Neue\", Helvetica, Arial, sans-serif; font-size:13px; font-weight:bold; line-height:18px''>Press contact</p>\n<address class=\"line\" style=''margin:0; font-family:\"Helvetica Neue\", Helvetica, Arial, sans-serif; font-size:15px; font-style:normal; line-height:24px''>Press Office\n<br><a href=\"mailto:press@forum.example\" dir=\"ltr\" style=\"color:#22262b; text-decoration:underline\">press@forum.example</a>\n<br><a href=\"tel:+12025550100\" dir=\"ltr\" style=\"color:#22262b; text-decoration:underline\">+1 202 555 0100</a>\n</address>\n</td></tr></tbody></table>\n</td></tr>\n<tr><td class=\"footer\" align=\"left\" style=''padding:24px 36px 8px; color:#5b6168; font-family:\"Helvetica Neue\", Helvetica, Arial, sans-serif''>\n<p class=\"small\" style=\"margin:0 0 12px; font-size:13px; font-style:normal; line-height:20px\">You get this because you asked for statements on: press.</p>\n<address class=\"small\" style=\"margin:0 0 12px; font-size:13px; font-style:normal; line-height:20px\">Example Forum · <a href=\"https://forum.example\" dir=\"ltr\" style=\"color:#5b6168; text-decoration:underline\">forum.example</a><br>\n1 Example Street, Washington, DC 20001\n</address>\n<p class=\"small\" style=\"margin:0 0 12px; font-size:13px; font-style:normal; line-height:20px\"><a href=\"https://news.forum.example/u/NLMERGEUNSUBSCRIBE\" style=\"color:#5b6168; text-decoration:underline\">Unsubscribe</a> · <a href=\"https://news.forum.example/archive/library\" style=\"color:#5b6168; text-decoration:underline\">Read on the web</a></p>\n</td></tr>\n</tbody></table>\n<!--[if mso]></td></tr></tbody></table><![endif]-->\n</td></tr></tbody></table>\n</div>\n</body>\n</html>","text":"Example Forum\nPractical answers\n\n\nThe library\n===========\n\n20 November 2026\n\nThe forum speaks about the library.\n\n\nPress contact\n-------------\n\nPress Office\npress@forum.example\n+1 202 555 0100\n\n---\n\nYou get this because you asked for statements on: press.\n\nExample Forum\n1 Example Street, Washington, DC 20001\nhttps://forum.example\n\nRead on the web:\nhttps://news.forum.example/archive/library\n\nUnsubscribe:\nhttps://news.forum.example/u/NLMERGEUNSUBSCRIBE\n","language":"en","sender":{"name":"Example Forum","address":"news@forum.example","reply_to":"press@forum.example"},"headers":[["Message-ID","<NLMERGEMESSAGEID@forum.example>"],["List-Id","Example Forum <press.forum.example>"],["List-Unsubscribe","<https://news.forum.example/u/NLMERGEUNSUBSCRIBE>"],["List-Unsubscribe-Post","List-Unsubscribe=One-Click"],["Feedback-ID","library:press:newsletter:4355e5679233"]],"lists":["press"],"corrects":"","send_at":"","embargo_until":"","template_version":"5dd356445720","translation_of":"","segment":null}',1795735980509);
CREATE TABLE list (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	CONSTRAINT pk_list PRIMARY KEY (id), 
	CONSTRAINT uq_list_name UNIQUE (name)
)
 STRICT

;
INSERT INTO list VALUES(1,'press');
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
)
 STRICT

;
INSERT INTO meta VALUES('key var/keys/addresses','a9878605244bffbf');
INSERT INTO meta VALUES('key var/keys/links','47ad092615c063ea');
CREATE TABLE schedule (
	slug TEXT NOT NULL, 
	send_at INTEGER NOT NULL, 
	CONSTRAINT pk_schedule PRIMARY KEY (slug)
)
 STRICT

;
CREATE TABLE staff (
	address TEXT NOT NULL, 
	role TEXT NOT NULL, 
	added_at INTEGER NOT NULL, 
	CONSTRAINT pk_staff PRIMARY KEY (address)
)
 STRICT

;
INSERT INTO staff VALUES('editor@forum.example','approver',1795735971047);
INSERT INTO staff VALUES('admin@forum.example','admin',1795735974371);
CREATE TABLE statement (
	slug TEXT NOT NULL, 
	document TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	present INTEGER NOT NULL, 
	changed_at INTEGER NOT NULL, translation_of TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_statement PRIMARY KEY (slug)
)
 STRICT

;
INSERT INTO statement VALUES('library','{"slug":"library","title":"The library","body":"The forum speaks about the library.","lists":["press"],"language":"en","date":"2026-11-20","summary":"About the library.","subject":"","author":"writer@forum.example","progress":"review","approved_by":[],"send_at":null,"embargo_until":null,"translation_of":"","corrects":"","urgent":false,"roundup":"","despite":"","feed":"","notes":[],"origin":"statements/library.md","local_time":null,"segment":null,"places":[["title",2],["date",3],["summary",4],["author",5],["status",6],["lists",7],["body",10]]}','a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','5dd3564457201f333b110f1bac636f604d67bb30320a3d6c828074a1df542e05',1,1795735980511,'');
CREATE TABLE subscriber (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	address TEXT NOT NULL, 
	address_hash BLOB NOT NULL, 
	name TEXT NOT NULL, 
	language TEXT NOT NULL, 
	timezone TEXT NOT NULL, 
	consent TEXT NOT NULL, 
	added_at INTEGER NOT NULL, place TEXT DEFAULT '' NOT NULL, paused_until INTEGER, 
	CONSTRAINT uq_subscriber_address_hash UNIQUE (address_hash)
)
 STRICT

;
INSERT INTO subscriber VALUES(1,'reader0@example.org',X'2f3c295874e26752af6624efa6bb410c','Reader 0','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(2,'reader1@example.org',X'39b542659d7a00379dd1c3d912ebeb35','Reader 1','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(3,'reader2@example.org',X'29ee0157968fcb92034b2dd5a1eb5211','Reader 2','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(4,'reader3@example.org',X'd86dd320fa001aa7f3aa9a57c588bdc7','Reader 3','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(5,'reader4@example.org',X'67e190e50461a457eccc2643737dd4ef','Reader 4','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(6,'reader5@example.org',X'3f9dd7cb7ea76d6c9691f6cee9e9ec63','Reader 5','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(7,'reader6@example.org',X'b1ba52184ba53e920c025e0328c61585','Reader 6','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(8,'reader7@example.org',X'5ec4ae8fbc116a4c7dce95aa23499726','Reader 7','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(9,'reader8@example.org',X'e5a031e43197ceafed24cc81fe46deae','Reader 8','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(10,'reader9@example.org',X'5ca2a2a338bb163692be3e27a50a6d23','Reader 9','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(11,'reader10@example.org',X'f989d8a04fd229611b08055ab09e4506','Reader 10','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(12,'reader11@example.org',X'6bed00b125c28fa1d0c85ab15de54cdb','Reader 11','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(13,'reader12@example.org',X'78f7d6e753d6f1690d37dd88d1b8e9bd','Reader 12','','','{}',1795735966305,'',NULL);
INSERT INTO subscriber VALUES(14,'reader13@example.org',X'5820866c94747ec5e5c685f3f9072227','Reader 13','','','{}',1795735966305,'',NULL);
CREATE TABLE suppression (
	address_hash BLOB NOT NULL, 
	address TEXT, 
	reason TEXT NOT NULL, 
	origin TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_suppression PRIMARY KEY (address_hash)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO suppression VALUES(X'3f9dd7cb7ea76d6c9691f6cee9e9ec63','reader5@example.org','manual','by admin@forum.example',1795735977147);
CREATE TABLE campaign (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	slug TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	state TEXT NOT NULL, 
	lists TEXT NOT NULL, 
	approved_by TEXT NOT NULL, 
	provider TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	release_at INTEGER NOT NULL, 
	created_at INTEGER NOT NULL, 
	started_at INTEGER, 
	finished_at INTEGER, corrects TEXT DEFAULT '' NOT NULL, corrected_by TEXT DEFAULT '' NOT NULL, carrier TEXT DEFAULT '' NOT NULL, urgent INTEGER DEFAULT 0 NOT NULL, translates TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT fk_campaign_digest FOREIGN KEY(digest) REFERENCES content (digest)
)
 STRICT

;
INSERT INTO campaign VALUES(1,'library','a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','paused','["press"]','["editor@forum.example"]','outbox','paused by admin@forum.example',1795735980540,1795735985263,1795735985404,NULL,'','','',0,'');
CREATE TABLE subscription (
	list_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	changed_at INTEGER NOT NULL, 
	ended_by INTEGER, 
	CONSTRAINT pk_subscription PRIMARY KEY (list_id, subscriber_id), 
	CONSTRAINT fk_subscription_list_id FOREIGN KEY(list_id) REFERENCES list (id)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO subscription VALUES(1,1,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,2,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,3,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,4,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,5,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,6,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,7,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,8,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,9,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,10,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,11,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,12,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,13,'confirmed',1795735966305,NULL);
INSERT INTO subscription VALUES(1,14,'confirmed',1795735966305,NULL);
CREATE TABLE batch (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	no INTEGER NOT NULL, 
	members TEXT NOT NULL, 
	state TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	pending INTEGER NOT NULL, 
	accepted INTEGER DEFAULT 0 NOT NULL, 
	rejected INTEGER DEFAULT 0 NOT NULL, 
	suppressed INTEGER DEFAULT 0 NOT NULL, 
	cancelled INTEGER DEFAULT 0 NOT NULL, 
	unknown INTEGER DEFAULT 0 NOT NULL, 
	fence INTEGER DEFAULT 0 NOT NULL, 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	not_before INTEGER DEFAULT 0 NOT NULL, 
	attempt_id TEXT DEFAULT '' NOT NULL, 
	body_hash TEXT DEFAULT '' NOT NULL, 
	provider_id TEXT DEFAULT '' NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	claimed_at INTEGER, 
	lease_until INTEGER, 
	settled_at INTEGER, tries INTEGER DEFAULT 0 NOT NULL, absences INTEGER DEFAULT 0 NOT NULL, regardless INTEGER DEFAULT 0 NOT NULL, provider TEXT DEFAULT '' NOT NULL, bound_to TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_batch PRIMARY KEY (id), 
	CONSTRAINT ck_batch_counts CHECK (pending >= 0 AND accepted >= 0 AND rejected >= 0 AND suppressed >= 0 AND cancelled >= 0 AND unknown >= 0), 
	CONSTRAINT ck_batch_balance CHECK (size = pending + accepted + rejected + suppressed + cancelled + unknown), 
	CONSTRAINT fk_batch_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id), 
	CONSTRAINT uq_batch_campaign_id_no UNIQUE (campaign_id, no)
)
 STRICT

;
INSERT INTO batch VALUES(1,1,0,'[1]','done',1,0,1,0,0,0,0,1,1,0,'be9b2e0d36f5fa1f86dc7bdc','393baa1f636022b4641f09767348202f0b2588cd1c7329250be81969bfcb2564','','kept in the outbox',1795735985464,NULL,1795735985492,0,0,0,'outbox','');
INSERT INTO batch VALUES(2,1,1,'[2]','done',1,0,1,0,0,0,0,1,1,0,'171f17612901e4042183f46c','2a48d0faca8849fb911efa33377678bf887082834ae6ab5bacba28f215231642','','kept in the outbox',1795735986465,NULL,1795735986500,0,0,0,'outbox','');
INSERT INTO batch VALUES(3,1,2,'[3]','done',1,0,1,0,0,0,0,1,1,0,'3164a5586b529686fa122bb2','3f39d76a2cbaf4aaad342103a46e72427fc821c1e2fa57b155903507c9606572','','kept in the outbox',1795735987467,NULL,1795735987512,0,0,0,'outbox','');
INSERT INTO batch VALUES(4,1,3,'[4]','done',1,0,1,0,0,0,0,1,1,0,'9d797b517d25346aa2039048','9af7ae08e58dd9ff039ef5b49a796f59bea8819a4ad1deec3dca15f2f930d125','','kept in the outbox',1795735988467,NULL,1795735988504,0,0,0,'outbox','');
INSERT INTO batch VALUES(5,1,4,'[5]','done',1,0,1,0,0,0,0,1,1,0,'a8f0dde8a9734204563aa851','7c6d3175c53734781d15c0310323d36de7d5e19542f8d34b71097a86cc180788','','kept in the outbox',1795735989465,NULL,1795735989485,0,0,0,'outbox','');
INSERT INTO batch VALUES(6,1,5,'[7]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(7,1,6,'[8]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(8,1,7,'[9]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(9,1,8,'[10]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(10,1,9,'[11]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(11,1,10,'[12]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(12,1,11,'[13]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
INSERT INTO batch VALUES(13,1,12,'[14]','queued',1,1,0,0,0,0,0,0,0,0,'','','','',NULL,NULL,NULL,0,0,0,'','');
CREATE TABLE delivery (
	campaign_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	batch_id INTEGER NOT NULL, 
	state TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	provider_id TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_delivery PRIMARY KEY (campaign_id, subscriber_id), 
	CONSTRAINT fk_delivery_batch_id FOREIGN KEY(batch_id) REFERENCES batch (id), 
	CONSTRAINT fk_delivery_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE resolution (
	id INTEGER NOT NULL, 
	campaign_id INTEGER NOT NULL, 
	batch_id INTEGER NOT NULL, 
	at INTEGER NOT NULL, 
	way TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	people INTEGER NOT NULL, 
	CONSTRAINT pk_resolution PRIMARY KEY (id), 
	CONSTRAINT fk_resolution_batch_id FOREIGN KEY(batch_id) REFERENCES batch (id), 
	CONSTRAINT fk_resolution_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id)
)
 STRICT

;
CREATE TABLE epoch (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	claims INTEGER NOT NULL, 
	CONSTRAINT pk_epoch PRIMARY KEY (id), 
	CONSTRAINT ck_epoch_one CHECK (id = 1)
)
 STRICT

;
INSERT INTO epoch VALUES(1,'0a71637a91336927eddc7dfd98b4bbdb',5);
CREATE TABLE receipt (
	campaign_id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	bounce TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT pk_receipt PRIMARY KEY (campaign_id, subscriber_id, kind), 
	CONSTRAINT fk_receipt_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE event (
	provider TEXT NOT NULL, 
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	at INTEGER NOT NULL, 
	received_at INTEGER NOT NULL, 
	campaign_id INTEGER, 
	subscriber_id INTEGER, 
	raw TEXT NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (provider, id)
)
 STRICT

;
CREATE TABLE overruled (
	campaign_id INTEGER NOT NULL, 
	complained INTEGER NOT NULL, 
	hard INTEGER NOT NULL, 
	CONSTRAINT pk_overruled PRIMARY KEY (campaign_id), 
	CONSTRAINT fk_overruled_campaign_id FOREIGN KEY(campaign_id) REFERENCES campaign (id)
)
 STRICT

;
CREATE TABLE pace (
	provider TEXT NOT NULL, 
	domain TEXT NOT NULL, 
	free_at INTEGER NOT NULL, 
	blocked_until INTEGER NOT NULL, 
	cause TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	failing_since INTEGER, 
	day TEXT NOT NULL, 
	used INTEGER NOT NULL, 
	CONSTRAINT pk_pace PRIMARY KEY (provider, domain)
)
 WITHOUT ROWID,
 STRICT

;
INSERT INTO pace VALUES('outbox','forum.example',1795735990464994,0,'provider','',NULL,'2026-11-26',5);
CREATE TABLE roundup (
	name TEXT NOT NULL, 
	since INTEGER NOT NULL, 
	CONSTRAINT pk_roundup PRIMARY KEY (name)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE issue (
	name TEXT NOT NULL, 
	day TEXT NOT NULL, 
	upto INTEGER NOT NULL, 
	document TEXT NOT NULL, 
	parts TEXT NOT NULL, 
	changed_at INTEGER NOT NULL, 
	CONSTRAINT pk_issue PRIMARY KEY (name, day)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE feed (
	name TEXT NOT NULL, 
	address TEXT NOT NULL, 
	first_at INTEGER, 
	visited_at INTEGER, 
	succeeded_at INTEGER, 
	next_at INTEGER, 
	bookmark TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	failure TEXT NOT NULL, 
	remark TEXT NOT NULL, 
	revision INTEGER NOT NULL, 
	CONSTRAINT pk_feed PRIMARY KEY (name)
)
 STRICT

;
CREATE TABLE feed_item (
	number INTEGER NOT NULL, 
	feed TEXT NOT NULL, 
	id TEXT NOT NULL, 
	link TEXT NOT NULL, 
	title TEXT NOT NULL, 
	published INTEGER, 
	state TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	slug TEXT, 
	note TEXT NOT NULL, 
	document TEXT NOT NULL, 
	seen_at INTEGER NOT NULL, 
	changed_at INTEGER NOT NULL, 
	CONSTRAINT pk_feed_item PRIMARY KEY (number), 
	CONSTRAINT fk_feed_item_feed FOREIGN KEY(feed) REFERENCES feed (name), 
	CONSTRAINT uq_feed_item_feed_id UNIQUE (feed, id), 
	CONSTRAINT uq_feed_item_slug UNIQUE (slug)
)
 STRICT

;
CREATE TABLE tag (
	name TEXT NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	CONSTRAINT pk_tag PRIMARY KEY (name, subscriber_id)
)
 WITHOUT ROWID,
 STRICT

;
CREATE TABLE wording (
	hash TEXT NOT NULL, 
	language TEXT NOT NULL, 
	words TEXT NOT NULL, 
	first_at INTEGER NOT NULL, 
	CONSTRAINT pk_wording PRIMARY KEY (hash)
)
 STRICT

;
CREATE TABLE consent (
	id INTEGER NOT NULL, 
	subscriber_id INTEGER NOT NULL, 
	list TEXT NOT NULL, 
	given INTEGER NOT NULL, 
	method TEXT NOT NULL, 
	source TEXT NOT NULL, 
	wording TEXT DEFAULT '' NOT NULL, 
	asked_at INTEGER, 
	at INTEGER NOT NULL, 
	CONSTRAINT pk_consent PRIMARY KEY (id)
)
 STRICT

;
CREATE TABLE letter (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	state TEXT NOT NULL, 
	address TEXT NOT NULL, 
	address_hash BLOB NOT NULL, 
	mailbox_hash BLOB NOT NULL, 
	network_hash BLOB NOT NULL, 
	subscriber_id INTEGER, 
	name TEXT NOT NULL, 
	language TEXT NOT NULL, 
	timezone TEXT NOT NULL, 
	lists TEXT NOT NULL, 
	source TEXT NOT NULL, 
	wording TEXT DEFAULT '' NOT NULL, 
	asked_at INTEGER NOT NULL, 
	asks INTEGER NOT NULL, 
	not_before INTEGER NOT NULL, 
	attempts INTEGER DEFAULT 0 NOT NULL, 
	attempt_id TEXT DEFAULT '' NOT NULL, 
	provider TEXT DEFAULT '' NOT NULL, 
	provider_id TEXT DEFAULT '' NOT NULL, 
	reason TEXT DEFAULT '' NOT NULL, 
	claimed_at INTEGER, 
	settled_at INTEGER, 
	used_at INTEGER
)
 STRICT

;
CREATE TABLE searchable (
	id INTEGER NOT NULL, 
	slug TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	language TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	CONSTRAINT pk_searchable PRIMARY KEY (id), 
	CONSTRAINT uq_searchable_slug UNIQUE (slug)
)
 STRICT

;
INSERT INTO searchable VALUES(1,'library','a9df772db543535bf80440c0eff6a8cd7465b9a99b2d13b6e7c53b2d517f8597','en','The library','About the library. The forum speaks about the library.');
CREATE VIRTUAL TABLE searchable_words USING fts5(title, text, content='searchable', content_rowid='id', tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'");
INSERT INTO searchable_words(searchable_words) VALUES('rebuild');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('subscriber',14);
INSERT INTO sqlite_sequence VALUES('campaign',1);
CREATE INDEX ix_approval_slug ON approval (slug);
CREATE INDEX ix_campaign_slug ON campaign (slug);
CREATE INDEX ix_subscription_subscriber_id ON subscription (subscriber_id);
CREATE INDEX ix_subscription_ended_by ON subscription (ended_by);
CREATE INDEX ix_batch_open ON batch (state, campaign_id, no) WHERE state IN ('queued', 'claimed');
CREATE INDEX ix_batch_unknown ON batch (not_before) WHERE state = 'unknown';
CREATE INDEX ix_resolution_campaign_id ON resolution (campaign_id);
CREATE INDEX ix_batch_attempt_id ON batch (attempt_id);
CREATE INDEX ix_receipt_damage ON receipt (campaign_id, kind, bounce) WHERE kind IN ('bounced', 'complained');
CREATE INDEX ix_receipt_soft ON receipt (at, subscriber_id) WHERE bounce = 'soft';
CREATE INDEX ix_event_campaign_id ON event (campaign_id);
CREATE INDEX ix_event_subscriber_id ON event (subscriber_id);
CREATE INDEX ix_campaign_sending ON campaign (id) WHERE state = 'sending';
CREATE INDEX ix_statement_translation_of ON statement (translation_of) WHERE translation_of <> '';
CREATE INDEX ix_campaign_translates ON campaign (translates) WHERE translates <> '';
CREATE INDEX ix_subscriber_paused_until ON subscriber (paused_until) WHERE paused_until IS NOT NULL;
CREATE INDEX ix_tag_subscriber_id ON tag (subscriber_id);
CREATE INDEX ix_consent_subscriber_id ON consent (subscriber_id);
CREATE INDEX ix_letter_address_hash_asked_at ON letter (address_hash, asked_at);
CREATE INDEX ix_letter_mailbox_hash_asked_at ON letter (mailbox_hash, asked_at);
CREATE INDEX ix_letter_network_hash_asked_at ON letter (network_hash, asked_at);
CREATE INDEX ix_letter_subscriber_id ON letter (subscriber_id);
CREATE INDEX ix_letter_asked_at ON letter (asked_at);
CREATE INDEX ix_letter_open ON letter (not_before) WHERE state = 'waiting';
COMMIT;
