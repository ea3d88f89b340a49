// HeraldConfiguration
